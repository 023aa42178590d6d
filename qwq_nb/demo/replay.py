"""Load the transcripts that the demo endpoint replays, find a prompt's transcript, and split it into tokens.

A transcripts file is JSONL, one problem a line::

    {"unique_id": str, "problem": str, "variants": [{"reasoning": str, "answer": str, "kind": str, "loop": str?}, ...]}

A variant may have `sampling`, the fields of the requests that it is for (`{"temperature": 0.6}`).
A row may have plain `reasoning` and `answer` (and `kind`, `loop`) in place of `variants`. A row with `when` is
a dialogue (`qwq_nb.demo.dialogues`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, cycle, islice
from pathlib import Path

from qwq_nb.demo.dialogues import Dialogue, Dialogues, dialogue_of
from qwq_nb.errors import DataError

__all__ = [
    "LOOP_TOKENS",
    "Transcript",
    "Transcripts",
    "Utterance",
    "Variant",
    "built_in",
    "echo",
    "limited",
    "split_tokens",
]

LOOP_TOKENS = 4096
"""Number of tokens of a looping variant if the request sets no `max_tokens`."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
# A CJK character; a word or one mark, with the space before it; line ends; spaces but the last one; any other space.
_PIECE = re.compile(rf"[{_CJK}]| ?[^\W{_CJK}]+| ?[^\w\s]|\n+| +(?= )|\s")

_GRAM = 5
"""Words of a problem that index it. They are taken from its middle: a template may touch its first and last word."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Hold one recorded completion.

    `loop` is a passage repeated endlessly after `reasoning`, so there is no answer. `finish` is how the recorded
    completion ended: `length` where a token limit had cut it. `sampling` are fields that a request must have for it
    (`{"temperature": 0.6}`); empty: any request.
    """

    reasoning: str
    answer: str
    kind: str = ""
    loop: str = ""
    finish: str = "stop"
    sampling: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """Hold a problem and its recorded completions. `key` names it in the log of the endpoint."""

    key: str
    problem: str
    variants: tuple[Variant, ...]

    def variants_for(self, body: Mapping[str, object]) -> list[Variant]:
        """Return the variants for a request: those whose sampling it has, and of them those that ask for most."""
        fitting = [v for v in self.variants if all(body.get(name) == value for name, value in v.sampling)]
        most = max((len(variant.sampling) for variant in fitting), default=0)
        return [variant for variant in fitting if len(variant.sampling) == most] or list(self.variants)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Hold the tokens of one completion. `finish` is the recorded reason, or "length" where `max_tokens` cut it."""

    reasoning: tuple[str, ...]
    answer: tuple[str, ...]
    finish: str


def built_in() -> list[Path]:
    """Return the transcripts files that come with the package."""
    return sorted((Path(__file__).parent / "transcripts").glob("*.jsonl"))


@lru_cache(maxsize=256)
def split_tokens(text: str) -> tuple[str, ...]:
    """Split `text` into token-like pieces. Joined they give `text`."""
    return tuple(_PIECE.findall(text))


def limited(variant: Variant, limit: int | None) -> Utterance:
    """Return the tokens of `variant`, at most `limit` of reasoning and answer together (None: no limit)."""
    reasoning, answer = split_tokens(variant.reasoning), split_tokens(variant.answer)
    if variant.loop:
        endless = chain(reasoning, cycle(split_tokens(variant.loop)))
        return Utterance(tuple(islice(endless, limit or LOOP_TOKENS)), (), "length")
    if limit is None or len(reasoning) + len(answer) <= limit:
        return Utterance(reasoning, answer, variant.finish)
    return Utterance(reasoning[:limit], answer[: max(0, limit - len(reasoning))], "length")


class Transcripts:
    """Find transcripts by prompt.

    A prompt asks for the longest problem whose words occur in it, in order and without others between; white space does
    not count. A lookup takes time in proportion to the prompt, however many problems there are.
    """

    def __init__(self, transcripts: Iterable[Transcript] = ()) -> None:
        self._by_gram: dict[tuple[str, ...], list[tuple[str, Transcript]]] = {}
        self._lengths: set[int] = set()
        self._tiny: list[tuple[str, Transcript]] = []
        self._dialogues = Dialogues()
        self.size = 0
        for transcript in transcripts:
            self._add(transcript)

    @classmethod
    def load(cls, paths: Iterable[Path]) -> Transcripts:
        """Load the transcripts in the files `paths`.

        Raises:
            DataError: a file cannot be read; the message names the file, the line and what is wrong there.
        """
        found = list(chain.from_iterable(map(_read, paths)))
        made = cls(row for row in found if isinstance(row, Transcript))
        for row in found:
            if isinstance(row, Dialogue):
                made._dialogues.add(row)
        return made

    def _add(self, transcript: Transcript) -> None:
        words = transcript.problem.split()
        entry = (" ".join(words), transcript)
        self.size += 1
        length = min(_GRAM, len(words) - 2)
        if length < 1:
            self._tiny.append(entry)
            return
        start = (len(words) - length) // 2
        self._lengths.add(length)
        self._by_gram.setdefault(tuple(words[start : start + length]), []).append(entry)

    def reply(self, messages: Sequence[tuple[str, str]], last: str, model: str = "") -> Transcript:
        """Return what answers a conversation of (role, text): a dialogue, else the transcript that `last` asks for."""
        said = self._dialogues.find(messages, model)
        if said is None:
            return self.find(last)
        return Transcript(said.key, said.problem, (Variant(said.reasoning, said.answer, kind="dialogue"),))

    def find(self, prompt: str) -> Transcript:
        """Return the transcript that `prompt` asks for; for an unknown prompt one that says so."""
        words = prompt.split()
        text = " ".join(words)
        candidates = list(self._tiny)
        for length in self._lengths:
            for start in range(len(words) - length + 1):
                candidates += self._by_gram.get(tuple(words[start : start + length]), ())
        best = max(((len(p), t) for p, t in candidates if p in text), key=lambda hit: hit[0], default=None)
        return best[1] if best else _unknown(prompt)


def _unknown(prompt: str) -> Transcript:
    """Make the answer to an unknown prompt.

    It holds no number and no box, so that nothing of it is graded as correct.
    """
    key = "sha256:" + hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()[:16]
    variant = Variant(
        reasoning=(
            "Okay, let me see which problem this is. I go through the problems I have a transcript for. "
            "Hmm, none of them is in this prompt. Wait, let me check again, line by line. No, it is not there."
        ),
        answer=(
            "This is the demo endpoint: it replays recorded transcripts and knows only its own problems, "
            "and this prompt holds none of them. Set another endpoint to have it answered by a model."
        ),
        kind="unknown",
    )
    return Transcript(key, prompt, (variant,))


def echo(authorization: str) -> Variant:
    """Make a completion that repeats the key, in its reasoning and in its answer."""
    key = authorization.removeprefix("Bearer ") or "nothing"
    return Variant(f"The key is {key}, it seems.", f"I was called with {key}.", kind="echo")


def _read(path: Path) -> Iterable[Transcript | Dialogue]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the transcripts file {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _transcript(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
                raise DataError(f"{path}, line {number}: not a transcript: {reason}.") from error


def _transcript(row: object) -> Transcript | Dialogue:
    if not isinstance(row, dict):
        raise TypeError("the line is not a JSON object")
    if "when" in row:
        return dialogue_of(row)
    problem = _text(row, "problem")
    if not problem.strip():
        raise ValueError("`problem` is empty")
    variants = row.get("variants", [row])
    if not isinstance(variants, list) or not variants:
        raise TypeError("`variants` is not a list, or is empty")
    return Transcript(str(row["unique_id"]), problem, tuple(_variant(v) for v in variants))


def _variant(row: object) -> Variant:
    if not isinstance(row, dict):
        raise TypeError("a variant is not a JSON object")
    optional = {name: _text(row, name) for name in ("kind", "loop", "finish") if row.get(name) is not None}
    sampling = row.get("sampling", {})
    if not isinstance(sampling, dict):
        raise TypeError("`sampling` is not a JSON object")
    if any(isinstance(value, dict | list) for value in sampling.values()):
        raise TypeError("`sampling` holds a list or an object: its values are single ones")
    return Variant(_text(row, "reasoning"), _text(row, "answer"), **optional, sampling=tuple(sampling.items()))


def _text(row: dict[str, object], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise TypeError(f"`{name}` is not a string")
    return value
