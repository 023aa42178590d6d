"""Start a run: check the call, find or name its directory, and start its session on the loop thread."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.core.paths import expand_user
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.evaluation.asking import Asking
from qwq_nb.evaluation.command_line import command_line, own_options
from qwq_nb.evaluation.control import Control
from qwq_nb.evaluation.earlier_runs import EarlierRun, earlier_runs
from qwq_nb.evaluation.own_prompts import saved_prompts
from qwq_nb.evaluation.request import build_request
from qwq_nb.evaluation.session import Session
from qwq_nb.evaluation.sharded.spread import Spread, asking_of
from qwq_nb.evaluation.start import data_fingerprint, run_dir_for
from qwq_nb.evaluation.trust import note_request
from qwq_nb.run.open import DEFAULT_OUT
from qwq_nb.run.run import Run
from qwq_nb.store.request import EvalRequest

__all__ = ["begin", "start"]


def begin(
    benchmarks: Sequence[str],
    *,
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None,
    out: str | Path | None,
    fresh: bool,
    reveal: bool,
    options: dict[str, Any],
    lower_limits: bool = True,
    turns_of: Sequence[Path] = (),
    executor: Any = None,
    shards: int | None = None,
    grade_on: Any = None,
) -> tuple[Run, Control]:
    """Check the call, find or name its run directory, and start it. `options` are those of `build_request`.

    A new run takes answers over from runs that asked the same with smaller numbers (`evaluation.earlier_runs`), unless
    it is `fresh`; with `lower_limits` also from those with a lower token limit. `turns_of`: as for `start`.
    `executor`, `shards` and `grade_on`: as for `evaluate`.

    Raises:
        UserError: the call cannot work as written.
    """
    asking = asking_of(executor, shards, grade_on, options)
    folder = expand_user(out or DEFAULT_OUT)
    if "data" in options:
        options = {**options, "data": saved_prompts(benchmarks, options["data"], folder)}
    request = build_request(benchmarks, endpoint=endpoint, **options)
    data = data_fingerprint(request)
    path, key = run_dir_for(request, folder, fresh=fresh, data_fingerprint=data, in_shards=isinstance(asking, Spread))
    earlier = functools.partial(earlier_runs, request, path, key, data, lower_limits=lower_limits)
    line = command_line(
        request, out=str(out) if out else None, named=typed_names(endpoint), options=own_options(options)
    )
    own = None if fresh else earlier
    return start(request, path, key, command=line, reveal=reveal, earlier=own, turns_of=turns_of, asking=asking)


def start(
    request: EvalRequest,
    path: Path,
    key: str,
    *,
    command: str,
    reveal: bool,
    earlier: Callable[[], list[EarlierRun]] | None = None,
    turns_of: Sequence[Path] = (),
    asking: Asking | None = None,
) -> tuple[Run, Control]:
    """Start the session of a checked request in the run directory `path`, whose identity is `key`.

    `earlier` finds the runs that a new run takes answers over from; None: from none. `turns_of`: directories of other
    runs: what their solvers have asked is not asked again where this one would ask the same of the same endpoint, as
    an architect whose plans go to one editor after another. `asking`: who asks and grades; None: this process.
    """
    note_request(request)
    session = Session(
        request, path, key, shared_worker(), command=command, earlier=earlier, turns_of=turns_of, asking=asking
    )
    if asking is not None:
        asking.command, asking.tell = command, session.state.note
    control = Control(session, shared_event_loop())
    return Run(session.directory, session.state, control).reveal(reveal), control


def typed_names(endpoint: Endpoint | str | Sequence[Endpoint | str] | None) -> str | None:
    """Return the names of endpoints as they are typed in a line; None where one was given as an object."""
    if endpoint is None or isinstance(endpoint, str):
        return endpoint
    if isinstance(endpoint, Sequence):
        names = [each for each in endpoint if isinstance(each, str)]
        return ",".join(names) if len(names) == len(endpoint) else None
    return None
