"""Completions whose texts are kept compressed: what a run holds of thousands of traces that nobody is reading just now.

2,000 traces of 10,000 tokens take 200 MB as Python's strings where a single character is not Latin-1, and about 30 MB
packed. They stay in memory rather than on disk, so that a run can be read while its directory is moved or deleted.
"""

from __future__ import annotations

import functools
import zlib

from qwq_nb.core.records import Completion

__all__ = ["compressed", "restored", "text_length"]

WORTH_IT = 2_000
"""Characters from which on a completion is packed."""


class PackedCompletion(Completion, kw_only=True):
    """A completion like any other, except that `reasoning` and `answer` are unpacked each time they are read.

    msgspec's own functions (`replace`, `to_builtins`, `json.encode`) see the packed form: give them `restored()`.
    """

    texts: bytes = b""
    split: int = 0
    """Characters of the reasoning; what follows is the answer."""
    chars: int = 0

    @property  # type: ignore[misc]
    def reasoning(self) -> str:  # type: ignore[override]
        return unpacked(self.texts)[: self.split]

    @property  # type: ignore[misc]
    def answer(self) -> str:  # type: ignore[override]
        return unpacked(self.texts)[self.split :]


@functools.lru_cache(maxsize=2)
def unpacked(texts: bytes) -> str:
    """The texts; whoever reads one completion asks for them several times in a row."""
    return zlib.decompress(texts).decode("utf-8", "surrogatepass")


_FIELDS = tuple(name for name in Completion.__struct_fields__ if name not in ("reasoning", "answer"))


def compressed(completion: Completion) -> Completion:
    """The completion with its texts compressed, where they are long."""
    reasoning, answer = completion.reasoning, completion.answer
    if isinstance(completion, PackedCompletion) or len(reasoning) + len(answer) < WORTH_IT:
        return completion
    # Level 1 takes half a millisecond for 10,000 tokens, and is within a tenth of what the others come to.
    texts = zlib.compress((reasoning + answer).encode("utf-8", "surrogatepass"), 1)
    return PackedCompletion(
        **{name: getattr(completion, name) for name in _FIELDS},
        texts=texts,
        split=len(reasoning),
        chars=len(reasoning) + len(answer),
    )


def restored(completion: Completion) -> Completion:
    """The completion with its texts as they are."""
    if not isinstance(completion, PackedCompletion):
        return completion
    fields = {name: getattr(completion, name) for name in _FIELDS}
    return Completion(reasoning=completion.reasoning, answer=completion.answer, **fields)


def text_length(completion: Completion | None) -> int:
    """Characters of reasoning and answer together, without unpacking them."""
    if completion is None:
        return 0
    if isinstance(completion, PackedCompletion):
        return completion.chars
    return len(completion.reasoning) + len(completion.answer)
