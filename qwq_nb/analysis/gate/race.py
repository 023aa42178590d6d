"""Ask two endpoints the same problems at the same time, and stop as soon as a gate between them is decided (`race`).

Both runs ask the problems in one order. After each answer the interval that holds at every look
(`core.anytime.anytime_interval`) is held against the margin; once it decides, both runs are stopped. The same call
again goes on with what was not asked.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwq_nb.analysis.gate.api import Gate
from qwq_nb.analysis.gate.options import MARGIN, checked_margin
from qwq_nb.core.event_loop import future_result
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError
from qwq_nb.evaluation.begin import begin
from qwq_nb.evaluation.control import STOP_WITHIN_S, Control
from qwq_nb.evaluation.request import build_request
from qwq_nb.view.output import INTERVAL_S, Output, Picture

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from qwq_nb.evaluation.options import EvalOptions
    from qwq_nb.run.run import Run

__all__ = ["RaceInterrupted", "race"]


class RaceInterrupted(InterruptedWithResult):
    """Report that the user interrupted a race. Both runs are kept; `gate` is what was decided by then."""

    def __init__(self, made: Gate) -> None:
        super().__init__(f"the race stopped after {made.rows()[-1].pairs} pairs: {made.decision}", made)
        self.gate = made


def race(
    *benchmarks: str,
    endpoints: Sequence[Endpoint | str] | str,
    margin: float = MARGIN,
    out: str | Path | None = None,
    fresh: bool = False,
    show: bool = True,
    **options: Unpack[EvalOptions],
) -> Gate:
    """Evaluate two endpoints at the same time until a gate between them is decided, or all is asked.

    >>> race("math_500", endpoints="full,quantised", margin=5)

    Args:
        benchmarks: as for `evaluate`.
        endpoints: A, which is known, and B, which is to take its place; as a text `A,B`.
        margin: as for `gate`, in percentage points.
        out, fresh, show: as for `evaluate`.
        options: all other options of `evaluate`, the same for both; each problem is asked once.

    Raises:
        UserError: the call cannot work as written; nothing was asked.
        QwqError: an endpoint failed (bad key, endpoint gone). What is finished is kept.
        RaceInterrupted: the user interrupted; a KeyboardInterrupt that carries the gate.
    """
    limit = checked_margin(margin)
    given: dict[str, Any] = dict(options)
    first, second = _two(endpoints)
    if given.get("repeats", 1) != 1:
        raise OptionError("A race asks each problem once: leave --repeats out.")
    # Both calls are checked before the first request.
    requests = [build_request(benchmarks, endpoint=each, **given) for each in (first, second)]
    if requests[0].identity("") == requests[1].identity(""):
        raise OptionError("Both endpoints of the race ask the same model in the same way: they would share one run.")
    started: list[tuple[Run, Control]] = []
    try:
        for each in (first, second):
            started.append(begin(benchmarks, out=out, fresh=fresh, endpoint=each, reveal=False, options=given))
        made = _watched(started, limit, show)
    except BaseException as exc:
        _stop([control for _, control in started])
        if isinstance(exc, KeyboardInterrupt) and len(started) == 2:
            raise RaceInterrupted(_gate(started, limit)) from None
        raise
    return made


def _watched(started: list[tuple[Run, Control]], margin: float, show: bool) -> Gate:
    """Draw the gate while both runs go on, and stop them once it is decided. Raises what ended a run."""
    made = [_gate(started, margin)]
    controls = [control for _, control in started]
    output = Output(
        Picture(
            subject=controls[0],
            bundle=lambda *, live, times: {"text/html": made[0].html, "text/plain": made[0].text},
            text=lambda times: made[0].text,
            line=lambda width: f"{made[0].rows()[-1].pairs} pairs: {made[0].sentence}"[:width],
        ),
        show=show,
    )
    while not all(control.done for control in controls):
        made[0] = _gate(started, margin)
        if made[0].decision != "INCONCLUSIVE" or any(map(_has_failed, controls)):
            break
        output.update()
        concurrent.futures.wait([c.future for c in controls], INTERVAL_S, concurrent.futures.FIRST_COMPLETED)
    _stop(controls)
    for control in controls:
        # A run that is stopped is no error of the race's.
        with contextlib.suppress(concurrent.futures.CancelledError):
            future_result(control.future)
    if made[0].decision == "INCONCLUSIVE":
        # All is asked, and the last answers have come in since the last look. A decision stands as it was made.
        made[0] = _gate(started, margin)
    output.finish()
    return made[0]


def _gate(started: Sequence[tuple[Run, Control]], margin: float) -> Gate:
    (a, _), (b, _) = started
    return Gate(a, b, margin, raced=True)


def _has_failed(control: Control) -> bool:
    return control.done and not control.future.cancelled() and control.future.exception() is not None


def _stop(controls: Sequence[Control]) -> None:
    for control in controls:
        if not control.done:
            control.stop()
    concurrent.futures.wait([control.future for control in controls], STOP_WITHIN_S)


def _two(endpoints: Sequence[Endpoint | str] | str) -> list[Endpoint | str]:
    given = [word.strip() for word in endpoints.split(",")] if isinstance(endpoints, str) else list(endpoints)
    if len(given) != 2 or not all(given):
        raise OptionError("A race is between two endpoints, A and the one to take its place: --endpoint A,B")
    return list(given)
