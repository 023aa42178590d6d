"""Import evalscope without the modules that its imports load and nothing here uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["NOT_NEEDED", "without_what_is_not_needed"]

NOT_NEEDED = ("rfc3987_syntax",)
"""Modules that are imported within `suppress(ImportError)`, at a cost. `rfc3987_syntax` builds a parser at its import,
half of all that `import evalscope` costs, for the formats `iri` and `iri-reference` of jsonschema."""


@contextmanager
def without_what_is_not_needed() -> Iterator[None]:
    """Let the imports in the block do without `NOT_NEEDED`. Whoever imports these modules later gets them."""
    hidden = [name for name in NOT_NEEDED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # as the documentation of `import` has it
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
