"""Compress the texts of completions (zlib), to keep a long run's memory small.

2,000 traces of 10,000 tokens take 200 MB as Python's strings where a single character is not Latin-1, and about 30 MB
compressed. They stay in memory rather than on disk, so that a run can be read while its directory is moved or deleted.
"""

from __future__ import annotations

import functools
import zlib

import msgspec

from qwq_nb.core.records import Completion, Step
from qwq_nb.core.text import valid_values

__all__ = ["compressed", "packed_steps", "restored", "steps_of", "text_length"]

WORTH_IT = 2_000
"""Completions of at least this many characters are compressed."""


class CompressedCompletion(Completion, kw_only=True):
    """Hold a completion whose `reasoning`, `answer` and `steps` are decompressed each time they are read.

    msgspec's own functions (`replace`, `to_builtins`, `json.encode`) see the compressed form: give them `restored()`.
    """

    texts: bytes = b""
    split: int = 0
    """Characters of the reasoning; the answer follows."""
    chars: int = 0
    packed_steps: bytes = b""
    """The steps as JSON, compressed; empty for none."""

    @property  # type: ignore[misc]
    def reasoning(self) -> str:  # type: ignore[override]
        """Return the reasoning, decompressed."""
        return decompressed(self.texts)[: self.split]

    @property  # type: ignore[misc]
    def answer(self) -> str:  # type: ignore[override]
        """Return the answer, decompressed."""
        return decompressed(self.texts)[self.split :]

    @property  # type: ignore[misc]
    def steps(self) -> list[Step]:  # type: ignore[override]
        """Return the steps of a solver, decompressed."""
        return steps_of(self.packed_steps) if self.packed_steps else []


@functools.lru_cache(maxsize=2)
def decompressed(texts: bytes) -> str:
    """Decompress the texts. Cached, since a reader of one completion asks for them several times in a row."""
    return zlib.decompress(texts).decode("utf-8", "surrogatepass")


_steps_decoder = msgspec.json.Decoder(list[Step])


def steps_of(packed: bytes) -> list[Step]:
    """Decompress steps: what `packed_steps` gives."""
    return _steps_decoder.decode(zlib.decompress(packed))


def packed_steps(completion: Completion) -> bytes:
    """Return the steps of a completion as they are compressed; empty where it has none, or is not compressed."""
    return completion.packed_steps if isinstance(completion, CompressedCompletion) else b""


_FIELDS = tuple(name for name in Completion.__struct_fields__ if name not in ("reasoning", "answer", "steps"))


def compressed(completion: Completion) -> Completion:
    """Return the completion with its texts compressed, if they have WORTH_IT characters or more, or if it has steps."""
    if isinstance(completion, CompressedCompletion):
        return completion
    reasoning, answer, steps = completion.reasoning, completion.answer, completion.steps
    if len(reasoning) + len(answer) < WORTH_IT and not steps:
        return completion
    # Level 1 takes half a millisecond for 10,000 tokens; its size is within 10 % of the higher levels'.
    texts = zlib.compress((reasoning + answer).encode("utf-8", "surrogatepass"), 1)
    return CompressedCompletion(
        **{name: getattr(completion, name) for name in _FIELDS},
        texts=texts,
        split=len(reasoning),
        chars=len(reasoning) + len(answer),
        packed_steps=zlib.compress(msgspec.json.encode(valid_values(msgspec.to_builtins(steps))), 1) if steps else b"",
    )


def restored(completion: Completion) -> Completion:
    """Return the completion with its texts as plain strings."""
    if not isinstance(completion, CompressedCompletion):
        return completion
    fields = {name: getattr(completion, name) for name in _FIELDS}
    return Completion(reasoning=completion.reasoning, answer=completion.answer, steps=completion.steps, **fields)


def text_length(completion: Completion | None) -> int:
    """Count the characters of reasoning and answer together, without decompressing them; 0 for None."""
    if completion is None:
        return 0
    if isinstance(completion, CompressedCompletion):
        return completion.chars
    return len(completion.reasoning) + len(completion.answer)
