"""Tell the kind of the answers of another tool's benchmark, and which class grades them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from qwq_nb.bench.protocol import BenchmarkSource, LoadRequest
from qwq_nb.core.records import AnswerKind, Sample

__all__ = ["KIND", "grading_request", "kind_of_answers", "marked"]

KIND: Final = "imported_kind"
"""Key of a sample's metadata: the kind of its answers, of a benchmark that evalscope does not have."""

_TARGETS: Final[dict[str, str]] = {
    "math": "qwq_nb.bench.imported.benchmark:ImportedMath",
    "choice": "qwq_nb.bench.imported.benchmark:ImportedChoice",
    "text": "qwq_nb.bench.imported.benchmark:ImportedText",
}
_LETTER = re.compile(r"\s*\(?[A-Z]\)?[.:]?\s*")
_MATHEMATICS = re.compile(r"[\d\\^_=+*/<>|()\[\]{}$.,:;%\s°πe∞-]|\b(?:sqrt|frac|pi|sin|cos|tan|log|ln|infty|text)\b")


def kind_of_answers(samples: Iterable[Sample]) -> AnswerKind:
    """Return the kind of most reference answers: a letter among choices, an expression, or any text."""
    found = Counter(_kind(sample) for sample in samples if sample.gold.strip())
    return found.most_common(1)[0][0] if found else "text"


def _kind(sample: Sample) -> AnswerKind:
    gold = sample.gold.strip()
    if _LETTER.fullmatch(gold) and (sample.choices or not re.fullmatch(r"[a-z]", gold)):
        return "choice"
    left = _MATHEMATICS.sub("", gold)
    # Variables are single letters: "3x + 2y".
    return "math" if not re.search(r"[^\W\d_]{2,}", left) and len(gold) <= 400 else "text"


def marked(kind: AnswerKind) -> dict[str, Any]:
    """Return the metadata of a sample whose answers are of a kind."""
    return {KIND: kind}


def grading_request(sample: Sample) -> LoadRequest | None:
    """Return what grades and measures the answers to a sample of another tool's run; None: its own benchmark does."""
    kind = str(sample.metadata.get(KIND) or "")
    target = _TARGETS.get(kind)
    return None if target is None else LoadRequest(benchmark=f"imported_{kind}", source=BenchmarkSource(target=target))
