"""Read the words that Python and the JupyterLab extension share: `vocabulary.json` and `tex_words.json`.

The extension is built from the same two files (`labextension/src/record/vocabulary.ts`), so that an outcome, a flag or
a phrase has one word, one sign and one rank in the order.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final, Literal

import msgspec

from qwq_nb.core.game import GameState
from qwq_nb.core.records import Outcome, State
from qwq_nb.core.run_record import Phase

__all__ = [
    "DEMO_NOTICE",
    "FAILURES_FIRST",
    "VOCABULARY",
    "AnswerPlaceWords",
    "ColumnWords",
    "FlagWords",
    "OutcomeWords",
    "ReasonWords",
    "StateWords",
    "SwitchPhrases",
    "TexWords",
    "Vocabulary",
    "check_words",
    "flag_word",
    "tex_words",
]

_FOLDER = Path(__file__).parent


class OutcomeWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold how an outcome is shown and counted."""

    word: str
    plural: str
    """The word behind any number but 1: `14 wrong`, `3 errors`."""
    sign: str
    """A plain sign that every font has; the word always stands beside it."""
    counts: bool
    """Whether it counts for accuracy."""
    failure: bool
    """Whether it is worth reading first."""
    withheld: str
    """Why the outcome, in a sentence that quotes nothing of the problem."""


class ReasonWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold the templates of the sentence for one reason; `{name}` stands for a value."""

    why: str
    """The whole sentence."""
    without_gold: str = ""
    """The sentence where the gold value is not known; empty: the same."""
    brief: str = ""
    """The sentence for a view that shows the gold and the extracted value beside it; empty: the whole one."""


class FlagWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold a flag's word, and what it means in half a sentence."""

    word: str
    title: str


class ColumnWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold how a column of a run's table is named, and when it is shown. The order of the columns is the file's."""

    word: str
    """Its head; `{k}` stands for the number of repeats."""
    short: str = ""
    """Its head in plain text, where a long one costs width; empty: the same."""
    title: str
    """What it counts or measures, in half a sentence."""
    zero: Literal["show", "fold", "hide"] = "show"
    """What is done where all of its values are 0: `fold` says `0 errors` below the table, `hide` says nothing."""
    priority: int = 0
    """The JupyterLab table leaves columns out where it is narrow: those with the lowest number first, 0 never."""
    optional: bool = False
    """Whether the JupyterLab table shows it only where the reader asks for it."""


class AnswerPlaceWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold what is said of the marks at places of the right answer, how sure they are included."""

    first: str
    left: str


class StateWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold how a run's state is shown, and whether the run is going on in it."""

    sign: str
    live: bool


class SwitchPhrases(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold the phrases that open a new thought; see `qwq_nb.trace.thoughts`."""

    thinkbench: tuple[str, ...]
    """evalscope's thinkbench's own list, word for word."""
    english: tuple[str, ...]
    """Regular expressions that mean the same to Python and to JavaScript, upper and lower case alike; each is followed
    by no letter, digit or hyphen. Longer ones first: the first that fits is the one that is marked."""
    chinese: tuple[str, ...]
    """Regular expressions; Chinese has no spaces, so anything may follow."""
    kinds: dict[str, tuple[str, ...]]
    """What a thought does by the words that it begins with, as regular expressions; the first kind that fits counts."""
    kind_within: int
    """Characters of a thought in which those words are looked for."""
    near: int
    """Characters between the end of a phrase and the next one that belongs to the same turn."""


class Vocabulary(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold all of `vocabulary.json`. The order of its keys is the order in which things are shown."""

    outcomes: dict[Outcome, OutcomeWords]
    reasons: dict[str, ReasonWords]
    flags: dict[str, FlagWords]
    columns: dict[str, ColumnWords]
    """Of the table of a run."""
    answer_place: AnswerPlaceWords
    phases: dict[Phase, str]
    states: dict[State, StateWords]
    game_states: dict[GameState, str]
    game_checks: dict[str, str]
    """Facts on a game; of a name that ends with `_`, a key follows."""
    demo_notice: str
    thought_switches: SwitchPhrases


class TexWords(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Hold the macros and environments of LaTeX that may be typeset; see `qwq_nb.view.tex`."""

    words: frozenset[str]
    environments: frozenset[str]
    signs: dict[str, str]
    """The character that stands for a macro where nothing is typeset."""


VOCABULARY: Final = msgspec.json.decode((_FOLDER / "vocabulary.json").read_bytes(), type=Vocabulary)

FAILURES_FIRST: Final[tuple[Outcome, ...]] = tuple(
    sorted(VOCABULARY.outcomes, key=lambda outcome: not VOCABULARY.outcomes[outcome].failure)
)
"""The outcomes as a reader wants them: failures, then the others, each in the table's order."""

DEMO_NOTICE: Final = VOCABULARY.demo_notice


def check_words(name: str) -> str:
    """Return a fact on a game in words: `reacts_to_w` → `reacts to W`."""
    start = next((each for each in VOCABULARY.game_checks if name.startswith(each)), "")
    key = name[len(start) :].replace("_", " ").upper()
    return f"{VOCABULARY.game_checks.get(start, '')} {key}".strip()


def flag_word(flag: str) -> str:
    """Return the flag's word; of a flag that is not in the vocabulary, its name without underscores."""
    known = VOCABULARY.flags.get(flag)
    return known.word if known else flag.replace("_", " ")


@functools.cache
def tex_words() -> TexWords:
    """Read `tex_words.json`."""
    return msgspec.json.decode((_FOLDER / "tex_words.json").read_bytes(), type=TexWords)
