"""Keep the turns of a run's samples, and give them out again when the run goes on (`qwq_nb.store.turns`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.records import Completion, Message, Verdict
from qwq_nb.endpoint import registry
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.errors import one_line
from qwq_nb.store.request import SOLVER, EvalRequest, endpoint_identity
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.turns import TURNS, RecordedTurns, Turn, check_hash, request_hash

__all__ = ["SampleTurns", "TurnLog", "shared_notes", "turn_log"]

Key = tuple[str, int]
Write = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Appends a row to a file of the run, and returns when it is durable."""


class TurnLog:
    """Hold the recorded turns of a run, and those of others that ask the same requests of the same samples."""

    def __init__(self, request: EvalRequest) -> None:
        self._identities = {endpoint.name: endpoint_identity(endpoint) for endpoint in request.all_endpoints}
        self._own_identity = endpoint_identity(request.endpoint)
        self._own = RecordedTurns()
        self._others: dict[str, RecordedTurns] = {}
        """Those of other runs, by the runs' names."""
        self.shared: Counter[str] = Counter()
        """How many turns were taken from each of them."""

    @property
    def tokens(self) -> int:
        """Return the completion tokens of the run's own turns that were read."""
        return self._own.tokens

    def read(self, directory: RunDirectory, wanted: Collection[Key], others: Iterable[Path] = ()) -> None:
        """Read the turns of the samples × repeats that are still to be asked.

        A torn last line of the run's own file is dropped. `others` are the directories of other runs, which are only
        read: what is there of a request counts as this run's where the endpoint's URL is the same too.
        """
        directory.repair(TURNS)
        directory.watch(TURNS)
        self._own.read(directory.rows(TURNS), wanted)
        for path in others:
            found = self._others.setdefault(path.name, RecordedTurns())
            found.read(RunDirectory(path).rows(TURNS), wanted)

    def of(self, key: Key, write: Write) -> SampleTurns:
        """Return the turns of one sample × repeat. `write` appends to the run's files."""
        return SampleTurns(self, key, write)

    def identity(self, endpoint: str | None) -> dict[str, Any]:
        """Return what identifies the endpoint of that name; of None the run's own."""
        if endpoint is None:
            return self._own_identity
        if endpoint not in self._identities:
            found = registry.endpoints().get(endpoint)
            self._identities[endpoint] = {"name": endpoint} if found is None else endpoint_identity(found)
        return self._identities[endpoint]

    def recorded(self, key: Key, request: str, url: str) -> tuple[Completion, bool] | None:
        """Return a recorded completion, and whether it is another run's; None: there is none."""
        own = self._own.take(key, request)
        if own is not None:
            return own, False
        for run, turns in self._others.items():
            other = turns.take(key, request, url)
            if other is not None:
                self.shared[run] += 1
                return other, True
        return None

    def verdict(self, key: Key, request: str) -> Verdict | None:
        """Return a recorded verdict of the run; None: there is none."""
        return self._own.verdict(key, request)

    def count(self, key: Key) -> int:
        """Return how many turns of a sample × repeat the run's file has."""
        return self._own.count(key)


def turn_log(
    request: EvalRequest, directory: RunDirectory, wanted: Collection[Key], others: Iterable[Path]
) -> TurnLog | None:
    """Return the turns of the samples × repeats that are still to be asked, as `TurnLog.read` says.

    None of a run whose samples are one request each: their rows are all that is kept.
    """
    if request.solver == SOLVER:
        return None
    made = TurnLog(request)
    made.read(directory, wanted, others)
    return made


def shared_notes(turns: TurnLog | None) -> list[str]:
    """Return the note on turns that were taken from other runs; empty where none were."""
    number = 0 if turns is None else sum(turns.shared.values())
    if turns is None or not number:
        return []
    names = ", ".join(one_line(name, 200) for name in turns.shared)
    were = "1 turn was" if number == 1 else f"{number:,} turns were"
    return [f"{were} not asked again, since {names} had asked the same; tokens and times count here as they did there."]


class SampleTurns:
    """Hold the turns of one sample × repeat: looked up before a request is made, kept after it."""

    def __init__(self, log: TurnLog, key: Key, write: Write) -> None:
        self._log = log
        self._key = key
        self._write = write
        self._number = log.count(key)
        self.replayed_tokens = 0
        """Completion tokens of the turns that came from the run's file."""

    async def completion(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        role: str,
        endpoint: str | None,
        request: Callable[[], Awaitable[Completion]],
    ) -> Completion:
        """Return the recorded completion of a request; where there is none, make the request and keep what it gave."""
        identity = self._log.identity(endpoint)
        key = request_hash(messages, [*tools], role, identity)
        url = str(identity.get("url", ""))
        found = self._log.recorded(self._key, key, url)
        if found is not None and not found[1]:
            self.replayed_tokens += found[0].completion_tokens
            return found[0]
        completion = found[0] if found is not None else await request()
        await self._keep(key, url=url, role=role, completion=completion)
        return completion

    async def verdict(self, completion: Completion, grade: Callable[[], Awaitable[Verdict]]) -> Verdict:
        """Return the recorded verdict on a completion; where there is none, grade it, and keep the verdict.

        That of a grader that failed is not kept: it is graded again.
        """
        key = check_hash(completion)
        found = self._log.verdict(self._key, key)
        if found is not None:
            return found
        verdict = await grade()
        has_run = verdict.execution is None or verdict.execution.status != "not_run"
        if verdict.status == "graded" and has_run:
            await self._keep(key, verdict=verdict)
        return verdict

    async def _keep(self, request: str, **fields: Any) -> None:
        self._number += 1
        id_, repeat = self._key
        turn = Turn(id=id_, repeat=repeat, number=self._number, request=request, **fields)
        row: Mapping[str, Any] = msgspec.to_builtins(turn)
        await self._write(TURNS, dict(row))
