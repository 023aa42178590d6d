"""Choose the secrets that a load from a hub needs, and mask them in what comes back of it."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Collection, Mapping

from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.core.environment import hub_secrets
from qwq_nb.endpoint.masking import Mask
from qwq_nb.errors import QwqError

__all__ = ["mask_of", "masked", "secrets_for"]


def secrets_for(request: LoadRequest, *, hidden: Collection[str] = ()) -> dict[str, str]:
    """Return the variables with secrets that this load may need: none if it reads the user's own data.

    `hidden`: variables that are never given.
    """
    return {} if request.data is not None else hub_secrets(os.environ, request.hub, hidden=hidden)


def mask_of(secrets: Mapping[str, str]) -> Mask:
    """Return a mask of the values; of a URL with a user, also of the password alone. Paths are no secret."""
    mask = Mask()
    for name, value in secrets.items():
        if "@" in value:
            user, _, password = value.rpartition("@")[0].rpartition("/")[2].partition(":")
            for part in (f"{user}:{password}", password or user):
                mask.note(part)
                mask.note(urllib.parse.unquote(part))
        elif not name.upper().endswith("_PATH"):
            mask.note(value.strip())
    return mask


def masked(error: QwqError, secrets: Mapping[str, str]) -> QwqError:
    """Return the error without the secrets in its message."""
    return type(error)(mask_of(secrets).hide(str(error)))
