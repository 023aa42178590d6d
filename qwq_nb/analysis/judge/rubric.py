"""Read a rubric: a user's own words by which answers are judged, as a text or as a list of criteria with points."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.bench.regular_file import read_regular
from qwq_nb.core.paths import expand_user
from qwq_nb.core.text import valid_text
from qwq_nb.errors import DataError, one_line

__all__ = ["BUILT_IN", "Criterion", "Rubric", "read_rubric"]

MOST_CHARS: Final = 50_000
MOST_CRITERIA: Final = 200
_LISTS: Final = (".json", ".yaml", ".yml")
_TEXT_FIELDS: Final = ("criterion", "text", "description", "name")
_POINT_FIELDS: Final = ("points", "weight")


class Criterion(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one criterion. Negative points are taken off where it is met."""

    text: str
    points: float = 1.0


class Rubric(msgspec.Struct, kw_only=True, frozen=True):
    """Hold a rubric: its text as the judge reads it, and its criteria, if it is a list."""

    name: str
    text: str
    criteria: tuple[Criterion, ...] = ()

    def score(self, met: Mapping[int, bool]) -> float:
        """Return the points of the criteria met (numbered from 1), as a share 0…1 of all points above 0."""
        whole = sum(c.points for c in self.criteria if c.points > 0)
        got = sum(c.points for number, c in enumerate(self.criteria, 1) if met[number])
        return min(1.0, max(0.0, got / whole))


BUILT_IN: Final = Rubric(
    name="built-in",
    text=(
        "An answer passes if it answers the question that was asked, everything in it that matters is right, and it "
        "does all that the question asks for. It fails if it evades the question, states something false that "
        "matters, contradicts itself, or leaves out what was asked for. Length, style and politeness do not count. "
        "Where a reference answer is given, an answer passes only if it agrees with it in meaning."
    ),
)


def read_rubric(path: str) -> Rubric:
    """Read a rubric from a file: `.json`, `.yaml` and `.yml` hold a list of criteria, any other file is a text.

    A criterion is a text, or an object with `criterion` and, if it does not count 1, `points`.

    Raises:
        DataError: there is no such file, it holds no text, or no list of criteria; the message says which.
    """
    file = expand_user(path)
    shown = one_line(str(file), 300)
    if not file.exists():
        raise DataError(f"There is no rubric {shown}: --rubric names a file, a text or a YAML or JSON list.")
    content = read_regular(file)
    if b"\0" in content[:100_000]:
        raise DataError(f"{shown} is no rubric: it is a binary file, not a text.")
    try:
        text = valid_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise DataError(f"{shown} is no rubric: it is no text in UTF-8 (byte {exc.start}).") from None
    if not text.strip():
        raise DataError(f"{shown} is empty: a rubric says in words what a good answer is.")
    if len(text) > MOST_CHARS:
        raise DataError(f"{shown} has {len(text):,} characters; {MOST_CHARS:,} are sent with each request at most.")
    if file.suffix.lower() not in _LISTS:
        return Rubric(name=file.name, text=text.strip())
    criteria = tuple(_criterion(value, number, shown) for number, value in enumerate(_listed(text, file, shown), 1))
    if sum(c.points for c in criteria if c.points > 0) <= 0:
        raise DataError(f"{shown}: no criterion has points above 0, so no answer could score.")
    lines = [f"{number}. {c.text} [{c.points:g} points]" for number, c in enumerate(criteria, 1)]
    return Rubric(name=file.name, text="\n".join(lines), criteria=criteria)


def _listed(text: str, file: Path, shown: str) -> list[Any]:
    if file.suffix.lower() == ".json":
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise DataError(f"{shown} is no JSON: {one_line(str(exc), 200)}.") from None
    else:
        import yaml

        try:
            found = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as exc:
            raise DataError(f"{shown} is no YAML: {one_line(str(exc), 200)}.") from None
    if isinstance(found, dict):
        found = next((found[name] for name in ("criteria", "rubric", "rubrics") if name in found), found)
    if not isinstance(found, list) or not found:
        raise DataError(f"{shown} holds no list of criteria: texts, or objects with `criterion` and `points`.")
    if len(found) > MOST_CRITERIA:
        raise DataError(f"{shown} has {len(found):,} criteria; a rubric may have {MOST_CRITERIA}.")
    return found


def _criterion(value: Any, number: int, shown: str) -> Criterion:
    where = f"{shown}, criterion {number}"
    fields = value if isinstance(value, dict) else {"criterion": value}
    text = next((fields[name] for name in _TEXT_FIELDS if name in fields), None)
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: it has no text. A criterion is a text, or an object with `criterion` and `points`.")
    points = next((fields[name] for name in _POINT_FIELDS if name in fields), 1)
    if isinstance(points, bool) or not isinstance(points, int | float) or not math.isfinite(points) or not points:
        raise DataError(f"{where}: `points` is a number other than 0, not {one_line(repr(points), 60)}.")
    return Criterion(text=" ".join(text.split()), points=float(points))
