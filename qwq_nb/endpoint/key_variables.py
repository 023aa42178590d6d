"""Handle secrets by the names of their environment variables: check the names, and read the values when they are sent.

A key goes into `Authorization: Bearer …`, other secrets into headers of their own (`--header-env api-key=AZURE_KEY`).
No value is kept, and none is part of a message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from qwq_nb.errors import OptionError, UserError

__all__ = ["check_variable", "header_variables", "looks_like_key", "read_variable"]

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_CONSTANT_STYLE = re.compile(r"[A-Z]+[0-9]{0,3}(?:_[A-Z]*[0-9]{0,3})+\Z")
_KEY_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_\-]{8,}|hf_[A-Za-z0-9]{16,}|gsk_[A-Za-z0-9]{16,}|nvapi-[A-Za-z0-9_\-]{16,}"
    r"|AIza[A-Za-z0-9_\-]{20,}|Bearer\s+\S{8,}|eyJ[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{8,})"
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}\Z")
"""A header's name (RFC 9110, section 5.6.2), of a length that servers take."""
_OURS = frozenset(
    {"accept-encoding", "content-encoding", "content-length", "content-type", "expect", "host"}
    | {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"proxy-authenticate", "proxy-authorization"}
)
"""Headers of one connection (RFC 9110, section 7.6.1), and those that describe or address the request itself."""
_MOST_HEADERS = 20


def looks_like_key(text: str, *, bare: bool = False) -> bool:
    """Return whether `text` contains something of the shape of an API key (`sk-…`, `hf_…`, `Bearer …`, a JWT).

    `bare`: True where a variable's name is expected; then a text of 16 characters or more with digits, and not in
    `THIS_STYLE`, counts as a key too.
    """
    if _KEY_SHAPES.search(text):
        return True
    return bare and len(text) >= 16 and any(c.isdigit() for c in text) and not _CONSTANT_STYLE.match(text)


def check_variable(name: str, option: str) -> None:
    """Check that a text given to `option` names a variable.

    Raises:
        OptionError: it does not. The text, which may be a key, is not repeated.
    """
    if name and name not in os.environ and (not _ENV_NAME.match(name) or looks_like_key(name, bare=True)):
        raise OptionError(
            f"{option} the NAME of an environment variable (such as QWQ_API_KEY), and what was given is not one. "
            "If it was a key: take it out of the cell and out of the history, and revoke it."
        )


def header_variables(given: str | Mapping[str, str] | Sequence[str]) -> tuple[str, ...]:
    """Return extra headers as `name=VARIABLE`, once each, in the order given.

    `given`: a mapping of headers' names to variables, or one or several texts `name=VARIABLE`.

    Raises:
        OptionError: a name that no header has, or one that is set by the connection; a value that names no variable,
            and is not repeated.
    """
    if isinstance(given, str):
        given = [given]
    pairs = [f"{name}={variable}" for name, variable in given.items()] if isinstance(given, Mapping) else list(given)
    seen: set[str] = set()
    for pair in pairs:
        header, mark, variable = pair.partition("=") if isinstance(pair, str) else ("", "", "")
        if not (header and mark and variable):
            raise OptionError(
                "--header-env takes a header and the NAME of the environment variable that holds its value, as in "
                "--header-env api-key=AZURE_KEY. If what was given holds a key: take it out of the cell and out of the "
                "history, and revoke it."
            )
        check_variable(variable, f"--header-env {header}=… takes" if _HEADER.match(header) else "--header-env takes")
        if not _HEADER.match(header) or looks_like_key(header, bare=True):
            raise OptionError(
                "--header-env: what stands before the = is no header's name, as api-key or X-Api-Key is: letters, "
                "digits and -."
            )
        if header.lower() in _OURS:
            raise OptionError(f"--header-env cannot set {header}: this header is set by the connection itself.")
        if header.lower() in seen:
            raise OptionError(f"--header-env gives the header {header} twice.")
        seen.add(header.lower())
    if len(pairs) > _MOST_HEADERS:
        raise OptionError(f"--header-env gives {len(pairs)} headers; {_MOST_HEADERS} are the most.")
    return tuple(pairs)


def read_variable(variable: str, purpose: str) -> str:
    """Return the value of a variable, without blanks at its ends. `purpose`: what it should hold, for the message.

    Raises:
        UserError: the variable is not set, or its value cannot be sent.
    """
    value = os.environ.get(variable, "").strip()
    if value and value.isascii() and value.isprintable():
        return value
    problem = "holds characters that no key has, such as a line break" if value else "is not set in this kernel"
    del value  # verbose tracebacks print what a frame holds
    raise UserError(
        f"The environment variable {variable}, which should hold {purpose}, {problem}. Set it before Jupyter starts, "
        f"or in a cell by `import os, getpass; os.environ[{variable!r}] = getpass.getpass()`."
    )
