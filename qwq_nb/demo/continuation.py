"""Continue a thought of a transcript, as a model does whose answer is forced: for `POST /v1/completions`. Pure.

A prompt is ChatML with the assistant's turn begun: `<think>`, a beginning of a transcript's reasoning, `</think>` and
the words that ask for an answer. Each transcript has a planted number of thinking tokens that its answer needs: with as
many before it the answer is the transcript's own, with fewer it is another number. So a curve of forced answers is
known in advance.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice

from qwq_nb.demo.replay import Transcript, Transcripts, Variant, split_tokens

__all__ = [
    "Continuation",
    "Prompt",
    "Vocabulary",
    "continuation",
    "final_answer",
    "needed_tokens",
    "read_prompt",
    "within_budget",
]

_TURN = re.compile(r"<\|im_start\|>(\w+)\n(.*?)(?:<\|im_end\|>\n?|\Z)", re.S)
_OPEN, _CLOSE = "<think>\n", "\n</think>"
LUCKY = 4
_LEAST, _MOST = 0.25, 0.85
"""The planted need, as a share of the reasoning: drawn between these by the transcript's key."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Hold a raw prompt: the texts of the messages, the last user's last; the thought that was begun; what follows
    it."""

    texts: tuple[str, ...]
    thought: str
    following: str

    @property
    def tokens(self) -> int:
        """Return the tokens of the prompt, counted as those of a chat: without the marks of the turns."""
        return sum(len(split_tokens(text)) for text in (*self.texts, self.thought, self.following))


@dataclass(frozen=True, slots=True)
class Continuation:
    """Hold what is written after a prompt."""

    transcript: Transcript
    text: str
    finish: str
    prompt_tokens: int
    tokens: int


class Vocabulary:
    """Number tokens as they are met: their ids, and the text of ids."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._pieces: list[str] = []

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text's tokens."""
        found = []
        for piece in split_tokens(text):
            if piece not in self._ids:
                self._ids[piece] = len(self._pieces)
                self._pieces.append(piece)
            found.append(self._ids[piece])
        return found

    def text(self, ids: Sequence[object]) -> str:
        """Return the text of ids; of those that were given out."""
        return "".join(self._pieces[i] for i in ids if isinstance(i, int) and 0 <= i < len(self._pieces))


def read_prompt(raw: str) -> Prompt | None:
    """Read a raw prompt; None where it has no user's turn."""
    turns = [(m[1], m[2]) for m in _TURN.finditer(raw)]
    users = [i for i, (role, _) in enumerate(turns) if role == "user"]
    if not users:
        return None
    begun = turns[-1][1] if turns[-1][0] == "assistant" else ""
    before = turns[:-1] if turns[-1][0] == "assistant" else turns
    others = [text for i, (_, text) in enumerate(before) if i != users[-1]]
    thought, closed, following = begun.removeprefix(_OPEN).partition(_CLOSE)
    return Prompt((*others, turns[users[-1]][1]), thought, closed + following)


def continuation(book: Transcripts, prompt: Prompt, limit: int | None, *, seed: object = None) -> Continuation:
    """Return what the demo's model writes after a prompt, at most `limit` tokens of it.

    A thought that is left open is thought to its end, and then answered. With fewer tokens than the answer needs
    before it, one such continuation of `LUCKY` finds the transcript's answer all the same, drawn by the `seed`.
    """
    transcript = book.find(prompt.texts[-1])
    variant = _variant(transcript.variants, prompt.thought)
    thought = len(split_tokens(prompt.thought))
    answer = final_answer(variant)
    is_open = not prompt.following and not prompt.thought.rstrip().endswith(("{", "ANSWER:"))
    found = thought >= needed_tokens(transcript.key, variant)
    if is_open and not found:
        draw = zlib.crc32(f"{transcript.key} {thought} {seed}".encode())
        found = draw % LUCKY == 0
    if not answer or not found:
        answer = _other(transcript.key, answer)
    if is_open:
        rest = variant.reasoning[_common(variant.reasoning, prompt.thought) :]
        is_letter = len(answer) == 1 and answer.isalpha()
        said = f"{rest}{_CLOSE}\n\n" + (f"ANSWER: {answer}" if is_letter else f"The answer is \\boxed{{{answer}}}.")
    elif prompt.following.rstrip().endswith("{"):
        said = f"{answer}}}."
    elif prompt.following.rstrip().endswith("ANSWER:"):
        said = answer[:1]
    else:
        said = f" The answer is {answer}."
    pieces = split_tokens(said)
    kept = pieces if limit is None else pieces[:limit]
    finish = "stop" if len(kept) == len(pieces) else "length"
    return Continuation(transcript, "".join(kept), finish, prompt.tokens, len(kept))


def needed_tokens(key: str, variant: Variant) -> int:
    """Return the planted number of thinking tokens that an answer needs; more than all where there is no answer."""
    whole = len(split_tokens(variant.reasoning))
    if variant.loop or not final_answer(variant):
        return 10**9
    share = _LEAST + (_MOST - _LEAST) * (zlib.crc32(key.encode()) % 1000) / 1000
    return max(1, round(whole * share))


def within_budget(key: str, variant: Variant, budget: int) -> Variant:
    """Return what the demo's model gives whose thought is ended at a budget of thinking tokens.

    The answer is the transcript's own if as many tokens as it needs stand before it, and another one otherwise.
    """
    pieces = split_tokens(variant.reasoning)
    if not variant.loop and len(pieces) <= budget:
        return variant
    looped = islice(chain(pieces, cycle(split_tokens(variant.loop) or ("",))), budget)
    own = final_answer(variant)
    answer = own if budget >= needed_tokens(key, variant) else _other(key, own)
    is_letter = len(own) == 1 and own.isalpha()
    said = f"ANSWER: {answer}" if is_letter else f"The final answer is \\boxed{{{answer}}}."
    return Variant("".join(looped), said, kind=variant.kind)


def final_answer(variant: Variant) -> str:
    """Return the content of the last box of a recorded answer, or its letter; empty without one."""
    letter = re.search(r"ANSWER:\s*([A-Z])", variant.answer)
    if letter is not None:
        return letter[1]
    start = variant.answer.rfind("\\boxed{")
    if start < 0:
        return ""
    depth, begin = 0, start + len("\\boxed{")
    for i in range(begin, len(variant.answer)):
        if variant.answer[i] == "{":
            depth += 1
        elif variant.answer[i] == "}":
            depth -= 1
            if depth < 0:
                return variant.answer[begin:i]
    return ""


def _variant(variants: Sequence[Variant], thought: str) -> Variant:
    """Return the variant whose reasoning the thought begins; the first one that shares most with it."""
    return max(variants, key=lambda v: _common(v.reasoning, thought))


def _common(text: str, thought: str) -> int:
    length = min(len(text), len(thought))
    return next((i for i in range(length) if text[i] != thought[i]), length)


def _other(key: str, answer: str) -> str:
    """Return an answer that is not the right one."""
    if len(answer) == 1 and answer.isalpha():
        return "A" if answer != "A" else "B"
    number = zlib.crc32(key.encode()[::-1]) % 900 + 100_000
    return str(number)
