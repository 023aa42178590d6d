"""What the view wants of a run: `qwq_nb.run.Run` is one, and lies above this room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from qwq_nb.records import Progress, RunRecord, SampleResult, State

__all__ = ["Drawable"]


class Drawable(Protocol):
    """What is drawn: a `qwq_nb.run.Run`, which lies above this room."""

    _reveal: bool
    _shown_in: Any
    _progress: Callable[[], Progress] | None

    def results(self) -> list[SampleResult]: ...

    def record(self, samples: list[SampleResult] | None = None, *, room: int | None = None) -> RunRecord: ...

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def demo(self) -> bool: ...

    @property
    def state(self) -> State: ...

    def stop(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...
