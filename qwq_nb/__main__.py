"""Run a command outside a notebook, as CI and cluster jobs do: `python -m qwq_nb eval math_500 --shard 0/4 …`."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from qwq_nb.analysis.gate.options import GATE, STRICT
from qwq_nb.errors import OptionError, QwqError, did_you_mean, listed
from qwq_nb.magics.batch import eval_command, help_text, merge_command
from qwq_nb.magics.parsing import parse_line, refuse_keys

__all__ = ["FAILED", "main"]

FAILED: Final = 3
"""Exit status of a command that cannot be carried out: 0 to 2 are decisions of `gate --strict`."""

_SIGN: Final = "python -m qwq_nb "
_GATE_EXITS: Final = (
    f"Exit status: 0, with --strict 0 GO, 1 NO-GO, 2 INCONCLUSIVE; {FAILED} if it cannot be decided at all."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the command of a line, and return the exit status; a user's errors are printed to stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A minus sign or a name in another script must not end a command where the terminal knows ASCII alone.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0 if words else FAILED
    try:
        refuse_keys(words)
        command = COMMANDS.get(words[0])
        if command is None:
            raise OptionError(f"There is no command {words[0]!r}.{did_you_mean(words[0], COMMANDS, many=_known())}")
        return command(words[1:])
    except QwqError as error:
        print(f"{_SIGN.strip()}: {error}", file=sys.stderr)
        return FAILED
    except Exception:  # Python's own exit status 1 would be read as NO-GO.
        traceback.print_exc()
        return FAILED


def gate_command(words: Sequence[str]) -> int:
    """Print the decision whether a run may take another's place; see `qwq_nb.gate`.

    Raises:
        OptionError: not two runs, an unknown option, or a margin that is none.
        UnknownRun: there is no such run.
    """
    options = (*GATE, STRICT)
    if {"-h", "--help"} & set(words):
        print(help_text("gate A B [options]", options, _SIGN, _GATE_EXITS))
        return 0
    names, given = parse_line(words, options, "gate", sign=_SIGN)
    out, strict = given.pop("out", None), given.pop("strict", False)
    if len(names) != 2:
        raise OptionError(f"gate takes two runs, names or paths: {_SIGN}gate A B --margin 1. B is to take A's place.")
    from qwq_nb.analysis.gate.api import gate
    from qwq_nb.run.open import load_run

    a, b = (load_run(name, out=out) for name in names)
    decided = gate(a, b, **given)
    print(decided.text)
    return decided.exit_code if strict else 0


def eval_of(words: Sequence[str]) -> int:
    """Evaluate a model on benchmarks, or a shard of them; see `qwq_nb.evaluate`."""
    return eval_command(words, _SIGN)


def merge_of(words: Sequence[str]) -> int:
    """Merge the shards of a run into one run; see `qwq_nb.merge_runs`."""
    return merge_command(words, _SIGN)


COMMANDS: Final[Mapping[str, Callable[[Sequence[str]], int]]] = {
    "eval": eval_of,
    "gate": gate_command,
    "merge": merge_of,
}


def _known() -> str:
    return f"Known are {listed(COMMANDS)}."


def _help() -> str:
    firsts = [f"  {name:8} {(command.__doc__ or '').splitlines()[0]}" for name, command in COMMANDS.items()]
    return "\n".join([f"usage: {_SIGN}COMMAND … (--help after a command shows its options)", "", *firsts])


if __name__ == "__main__":
    sys.exit(main())
