"""Let the workers of an executor ask a run, or grade it: `evaluate(…, executor=E, shards=n)`, `grade_on=E`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qwq_nb.errors import OptionError
from qwq_nb.evaluation.asking import Asking
from qwq_nb.evaluation.sharded.executor import check_executor
from qwq_nb.evaluation.sharded.grade_apart import GradingApart
from qwq_nb.store.shards import MOST_SHARDS

if TYPE_CHECKING:
    from qwq_nb.bench.protocol import LoadedBenchmark
    from qwq_nb.core.records import Completion, SampleResult
    from qwq_nb.evaluation.plan import Plan
    from qwq_nb.evaluation.runner import Runner
    from qwq_nb.store.request import EvalRequest
    from qwq_nb.store.run_dir import RunDirectory

__all__ = ["Spread", "asking_of"]

Key = tuple[str, int]


class Spread(Asking):
    """Ask in shards on an executor's workers. The kernel loads the benchmarks, and collects."""

    def __init__(self, executor: Any, shards: int) -> None:
        self._executor, self._shards = executor, shards

    def take_left(
        self,
        directory: RunDirectory,
        plan: Plan,
        model: str,
        done: dict[Key, SampleResult],
        ungraded: dict[Key, Completion],
    ) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
        """Return what the run has: its shards may go on, and the runner collects them."""
        return done, ungraded

    def runner(self, request: EvalRequest, loaded: Sequence[LoadedBenchmark], key: str, **arguments: Any) -> Runner:
        """Make the runner that gives the shards out; `arguments` are those of `Runner`."""
        from qwq_nb.evaluation.sharded.runner import ShardRunner

        return ShardRunner(
            executor=self._executor,
            shards=self._shards,
            request=request,
            loaded=loaded,
            key=key,
            command=self.command,
            tell=self.tell,
            **arguments,
        )


def asking_of(executor: Any, shards: int | None, grade_on: Any, options: dict[str, Any]) -> Asking | None:
    """Return who asks and grades a call's run; None: the kernel itself.

    Raises:
        OptionError: what was given is no executor, there is none for the shards, or an option does not go with them.
    """
    if executor is None:
        if shards is not None:
            raise OptionError("shards says in how many parts an executor's workers ask: give executor too.")
        if grade_on is None:
            return None
        check_executor(grade_on, "grade_on")
        return GradingApart(grade_on)
    check_executor(executor, "executor")
    if grade_on is not None:
        raise OptionError("Workers that ask shards grade them too: leave grade_on out.")
    if shards is None:
        raise OptionError(
            "executor takes shards too, in how many parts its workers ask; where they are only to run the models' "
            "code: grade_on instead of executor."
        )
    if not isinstance(shards, int) or isinstance(shards, bool) or not 1 <= shards <= MOST_SHARDS:
        raise OptionError(f"shards takes a whole number from 1 to {MOST_SHARDS:,}, not {shards!r}.")
    for name in ("shard", "until"):
        if options.get(name) is not None:
            raise OptionError(f"{name} does not go with executor, which asks the whole run: leave one of them out.")
    return Spread(executor, shards)
