"""Merge the rows of several directories of one run (its shards) into one directory.

A row is taken as it is: every shard makes the whole plan, so its row numbers are the run's. The first directory that
has an answer to a sample × repeat gives it, and the verdict on it; what is in later ones is counted, and told where it
is another answer. The directories are only read. What is in them is data from whoever wrote them: of a row no more is
used than a resumed run would use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.compressed import restored
from qwq_nb.core.records import Item, Sample
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.clips import take_clip
from qwq_nb.store.jsonl import encode_row
from qwq_nb.store.judgements import FILE as JUDGEMENTS
from qwq_nb.store.resume import belongs, read_journal, row_index
from qwq_nb.store.rulings import RULINGS, answer_fingerprint
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.saved import items_of
from qwq_nb.store.turns import TURNS

__all__ = ["Merged", "merge_rows"]

Key = tuple[str, int]

WHOLE_FILES: Final = (RULINGS, JUDGEMENTS)
"""Files of which every row is taken that is not there yet."""


class Merged(msgspec.Struct, kw_only=True):
    """Count what was taken of one directory."""

    answers: int = 0
    graded: int = 0
    repeated: int = 0
    """Answers that were there already, the same."""
    conflicts: list[Key] = []
    """Samples × repeats with another answer than the one that was there already."""
    failed: int = 0
    """Samples × repeats without an answer whose failure, or partial text, was taken."""


def merge_rows(
    target: RunDirectory, parts: Sequence[RunDirectory], samples: list[Sample], *, repeats: int, model: str
) -> list[Merged]:
    """Append to `target`, which is locked, what it lacks of the rows of `parts`; they are durable when this returns.

    Args:
        samples, repeats: those of the run, in the data set's order.
        model: its model, as it is asked for.

    Returns:
        What was taken, of each part.

    Raises:
        OSError, RunFolderChanged: as `RunDirectory.append_all`.
    """
    merge = _Merge(target, items_of(samples, repeats), repeats, model)
    merge.begin()
    counts = [merge.take(part) for part in parts]
    for part, count in zip(parts, counts, strict=True):  # an error in one may be an answer in a later one
        count.failed = merge.take_journal(part)
    return counts


class _Merge:
    def __init__(self, target: RunDirectory, items: list[Item], repeats: int, model: str) -> None:
        self.target, self.model = target, model
        self.groups: dict[tuple[str, str], dict[int, Item]] = {}
        for item in items:
            group = self.groups.setdefault((item.sample.benchmark, item.sample.subset), {})
            group[item.position * repeats + item.repeat] = item
        self.keys = {item.key for item in items}
        self.answers: dict[Key, str] = {}
        """Hash of the answer that `target` has."""
        self.reviewed: set[Key] = set()
        self.turns: set[Key] = set()
        """Samples × repeats of which `target` has turns."""
        self.lines: dict[str, set[bytes]] = {}

    def begin(self) -> None:
        """Read what the target has already."""
        for group, by_index in self.groups.items():
            for kind in ("predictions", "reviews"):
                self.target.repair(self._file(self.target, kind, group))
            own: dict[Key, str] = {}
            for _, key, answer in self._answers(self.target, group, by_index):
                own.setdefault(key, answer)
            self.answers |= own
            self.reviewed |= {key for _, key in self._verdicts(self.target, group, by_index)}
        self.turns = set(filter(None, map(_key, self.target.rows(TURNS))))
        self.lines = {file: {encode_row(row) for row in self.target.rows(file)} for file in WHOLE_FILES}

    def take(self, part: RunDirectory) -> Merged:
        count = Merged()
        for group, by_index in self.groups.items():
            self._take_group(part, group, by_index, count)
        held = set(self.turns)
        turns = (row for row in part.rows(TURNS) if (key := _key(row)) in self.keys and key not in held)
        self._append(TURNS, self._noting_turns(turns))
        for file, lines in self.lines.items():
            self._append(file, _unseen(part.rows(file), lines))
        return count

    def _take_group(self, part: RunDirectory, group: tuple[str, str], by_index: dict[int, Item], count: Merged) -> None:
        own: dict[Key, str] = {}

        def answers() -> Iterator[dict[str, Any]]:
            for row, key, answer in self._answers(part, group, by_index):
                if key in own:
                    continue
                own[key] = answer
                if key not in self.answers:
                    self.answers[key] = answer
                    count.answers += 1
                    yield row
                elif self.answers[key] == answer:
                    count.repeated += 1
                else:
                    count.conflicts.append(key)

        def verdicts() -> Iterator[dict[str, Any]]:
            for row, key in self._verdicts(part, group, by_index):
                if key not in self.reviewed and key in own and own[key] == self.answers[key]:
                    self.reviewed.add(key)
                    count.graded += 1
                    take_clip(self.target, part, rows.verdict_from_row(row))
                    yield row

        self._append(self._file(self.target, "predictions", group), answers())
        self._append(self._file(self.target, "reviews", group), verdicts())

    def take_journal(self, part: RunDirectory) -> int:
        """Take the last failure, or partial text, of each sample × repeat that nobody has an answer to."""
        held = read_journal(self.target)
        found = {k: v for k, v in read_journal(part).items() if k in self.keys and k not in self.answers}
        new = {k: v for k, v in found.items() if k not in held or held[k][:2] != v[:2]}
        samples = {item.key: item.sample for by_index in self.groups.values() for item in by_index.values()}
        made = [
            {
                "kind": "error" if kind == "refused" else kind,
                "benchmark": samples[key].benchmark,
                "subset": samples[key].subset,
                "id": key[0],
                "repeat": key[1],
                "error": cause,
                **({"refused": True} if kind == "refused" else {}),
                "completion": msgspec.to_builtins(restored(completion)),
            }
            for key, (kind, cause, completion) in new.items()
        ]
        self._append(self.target.journal_file(), iter(made))
        return len(made)

    # -- rows ----------------------------------------------------------------------------------------------------

    def _file(self, directory: RunDirectory, kind: str, group: tuple[str, str]) -> Any:
        return directory.rows_file(kind, self.model, *group)

    def _own_rows(
        self, directory: RunDirectory, kind: str, group: tuple[str, str], by_index: dict[int, Item]
    ) -> Iterator[tuple[dict[str, Any], Item]]:
        for row in directory.rows(self._file(directory, kind, group)):
            item = by_index.get(row_index(row))
            if item is not None and belongs(row, item):
                yield row, item

    def _answers(
        self, directory: RunDirectory, group: tuple[str, str], by_index: dict[int, Item]
    ) -> Iterator[tuple[dict[str, Any], Key, str]]:
        for row, item in self._own_rows(directory, "predictions", group, by_index):
            with contextlib.suppress(*rows.NOT_A_ROW):
                yield row, item.key, answer_fingerprint(rows.completion_from_row(row))

    def _verdicts(
        self, directory: RunDirectory, group: tuple[str, str], by_index: dict[int, Item]
    ) -> Iterator[tuple[dict[str, Any], Key]]:
        for row, item in self._own_rows(directory, "reviews", group, by_index):
            with contextlib.suppress(*rows.NOT_A_ROW):
                rows.verdict_from_row(row)
                yield row, item.key

    def _noting_turns(self, turns: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in turns:
            key = _key(row)
            assert key is not None
            self.turns.add(key)
            yield row

    def _append(self, file: Any, found: Iterator[dict[str, Any]]) -> None:
        """Append rows; without any the file is not made."""
        for first in found:
            self.target.append_all(file, _chained(first, found))


def _chained(first: dict[str, Any], others: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from others


def _unseen(found: Iterator[dict[str, Any]], lines: set[bytes]) -> Iterator[dict[str, Any]]:
    for row in found:
        line = encode_row(row)
        if line not in lines:
            lines.add(line)
            yield row


def _key(row: dict[str, Any]) -> Key | None:
    id_, repeat = row.get("id"), row.get("repeat")
    return (id_, repeat) if isinstance(id_, str) and isinstance(repeat, int) else None
