"""Select the environment variables that child processes get: all but keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

__all__ = ["without_keys"]

_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)$", re.I)


def without_keys(
    environment: Mapping[str, str], *, hidden: Collection[str] = (), kept: Collection[str] = ()
) -> dict[str, str]:
    """Return the variables that are neither named like keys nor in `hidden`; those in `kept` stay in any case.

    A name counts as a key's if it ends in KEY, TOKEN, SECRET, PASSWORD or CREDENTIALS, in any case.
    """
    return {
        name: value
        for name, value in environment.items()
        if name in kept or (name not in hidden and not _SECRET.search(name))
    }
