"""Parse the line of a magic into words and options.

A literal API key is refused before anything else is checked, and never repeated in a message.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from qwq_nb.core.options import Option, value_of
from qwq_nb.endpoint.key_variables import looks_like_key
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.magics.words import expanded, split_line

__all__ = ["parse_line", "refuse_keys", "tokens_of"]


_LOOKS_LIKE_OPTION = re.compile(r"-{1,2}[A-Za-z_]")


_KEY_OPTION = re.compile(r"--?(?:api[-_]?)?(?:key|token|secret|password|authorization)(?:=|\Z)", re.IGNORECASE)


def refuse_keys(tokens: Sequence[str]) -> None:
    """Refuse literal keys: raises OptionError, without repeating it, if a token is a key or an option for one."""
    for token in tokens:
        if _KEY_OPTION.match(token) or looks_like_key(token):
            raise OptionError(
                "Do not put a key into a cell: it would be saved with the notebook and its history. Put it into "
                "an environment variable and give the variable's NAME: --key-env QWQ_API_KEY. If that was a real key, "
                "take it out of the cell and revoke it."
            )


def tokens_of(line: str, namespace: Mapping[str, Any] | None = None) -> list[str]:
    """Split a magic's line into words, as `split_line` does; with a namespace, put its variables into them.

    Raises OptionError for an open quotation mark, an expression that cannot be computed or a literal key.
    """
    words = split_line(line)
    # Before a message may repeat a part of the line.
    refuse_keys([word.text for word in words])
    if namespace is None:
        return [word.text for word in words]
    tokens = [expanded(word, namespace) for word in words]
    refuse_keys(tokens)
    return tokens


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message[:1].upper() + message[1:] + ".")


def parse_line(
    tokens: Sequence[str], options: Sequence[Option], magic: str, *, sign: str = "%"
) -> tuple[list[str], dict[str, Any]]:
    """Return the positional words, and the options that were given, by their Python names.

    `sign` stands before the magic's name in messages; the command line, which has the same options, has another.

    Raises:
        OptionError: an option is unknown (with the nearest one), or a value is missing or of the wrong kind.
    """
    known = {o.name: o for o in options}
    for token in tokens:
        name = token.split("=", 1)[0]
        if _LOOKS_LIKE_OPTION.match(name) and name not in known:
            # What hangs on a short option is not repeated: with `curl`'s habits it may be a key.
            shown = name if name.startswith("--") or f"-{name}" in known else name[:2]
            hint = did_you_mean("--" + name.lstrip("-"), known)
            if name in {o.name for o in ENDPOINT}:
                hint = " It is one of %qwq_endpoint's."
            raise OptionError(f"{sign}{magic} has no option {shown}.{hint}")
    parser = _Parser(prog=f"{sign}{magic}", add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("words", nargs="*", default=[])
    for option in options:
        if option.kind == "flag":
            parser.add_argument(option.name, action="store_true")
        elif option.kind == "list":
            parser.add_argument(option.name, action="append")
        else:
            parser.add_argument(option.name)
    given = vars(parser.parse_intermixed_args(list(tokens)))
    words = given.pop("words")
    return words, {dest: value_of(o, given[o.dest]) for o in options if (dest := o.dest) in given}
