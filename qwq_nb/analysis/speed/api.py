"""Measure how fast an endpoint answers at one concurrency after another (`speed(…) -> SpeedTest`). Nothing is graded.

What is measured and how it is defined stands in `qwq_nb.analysis.speed.metrics`.
"""

from __future__ import annotations

import concurrent.futures
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.analysis.speed.command import checked_concurrency, checked_requests, speed_command
from qwq_nb.analysis.speed.load_generator import Load, benchmark_prompts, built_in_prompts, own_prompts
from qwq_nb.analysis.speed.metrics import ConcurrencyStep, SpeedRecord, speed_notes
from qwq_nb.analysis.speed.report import SpeedPicture, speed_html, speed_progress_line, speed_text
from qwq_nb.core.event_loop import shared_event_loop, wait_for
from qwq_nb.core.files import replace_file
from qwq_nb.core.paths import expand_user
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import demo_endpoint, get_endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError, QwqError, UnknownRun, one_line
from qwq_nb.evaluation.command_line import own_options
from qwq_nb.evaluation.control import STOP_WITHIN_S
from qwq_nb.evaluation.request import is_whole, refine_endpoint
from qwq_nb.run.open import DEFAULT_OUT
from qwq_nb.store.manifest import now, path_segment
from qwq_nb.store.request import HUB, Hub
from qwq_nb.view.output import Output, Picture, show_picture

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Unpack

    from qwq_nb.analysis.speed.options import SpeedOptions
    from qwq_nb.view.figures import ChartFigure

__all__ = ["SpeedInterrupted", "SpeedTest", "load_speed", "speed"]


class SpeedInterrupted(InterruptedWithResult):
    """Report that the user interrupted a speed test; `test` holds what was measured."""

    def __init__(self, test: SpeedTest) -> None:
        kept = f"; {test.path} has what was measured" if test.path is not None else ""
        super().__init__(f"the speed test stopped{kept}", test)
        self.test = test


class SpeedTest:
    """Hold a speed test: `table()` with a row for each concurrency, `plot()`, `notes`, and the file it is in."""

    def __init__(self, record: SpeedRecord, path: Path | None = None, load: Load | None = None) -> None:
        self.record = record
        self.path = path
        """The JSON file; None while nothing is measured."""
        self._load = load
        """While it goes on."""

    @property
    def levels(self) -> list[ConcurrencyStep]:
        """Return a `ConcurrencyStep` for each concurrency."""
        return self.record.levels

    @property
    def notes(self) -> list[str]:
        """Return what a reader must know beside the numbers: failures above all."""
        return speed_notes(self.record)

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a concurrency.

        Columns as in `qwq_nb.analysis.speed.metrics.ConcurrencyStep`; times in seconds.
        """
        import pandas as pd

        names = [name for name in ConcurrencyStep.__struct_fields__ if name not in ("failures", "stopped")]
        rows = [{name: getattr(level, name) for name in names} for level in self.levels]
        return pd.DataFrame(rows, columns=names)

    def requests(self) -> pd.DataFrame:
        """Return a DataFrame with a row for each request.

        Columns as in `qwq_nb.analysis.speed.metrics.Asked`, and the concurrency.
        """
        import pandas as pd

        pairs = zip(self.levels, self.record.asked, strict=True)
        return pd.DataFrame(
            [{"concurrency": level.concurrency, **msgspec.structs.asdict(a)} for level, asked in pairs for a in asked]
        )

    def plot(self, kind: str | None = None) -> ChartFigure:
        """Draw a plotly figure against the concurrency: `throughput`, `ttft`, `tpot`, or all of them.

        Raises:
            OptionError: another kind.
        """
        from qwq_nb.analysis.speed.figures import speed_figure

        return speed_figure(self.record, kind)

    def _picture(self, *, live: bool, times: bool = True) -> SpeedPicture:
        progress = self._load.progress() if live and self._load is not None else None
        notes = [] if live else speed_notes(self.record, times=times)
        path = os.path.relpath(self.path) if self.path is not None else ""
        return SpeedPicture(record=self.record, notes=notes, progress=progress, file=path)

    def _bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        picture = self._picture(live=live, times=times)
        return {"text/html": speed_html(picture), "text/plain": speed_text(picture, times=times)}

    def _drawing(self) -> Picture:
        """Return it as an output takes it."""
        return Picture(
            subject=self,
            bundle=self._bundle,
            text=lambda times: speed_text(self._picture(live=False, times=times), times=times),
            line=lambda width: speed_progress_line(self._picture(live=True))[:width],
            figure=self.plot,
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from qwq_nb.core.frontend import is_live

        return self._bundle(live=False, times=is_live())

    def _ipython_display_(self) -> None:
        show_picture(self._drawing())

    def __repr__(self) -> str:
        tried = ", ".join(str(level.concurrency) for level in self.levels) or "nothing yet"
        return f"<SpeedTest of {one_line(self.record.model, 100)}: concurrency {tried}>"


def speed(
    endpoint: Endpoint | str | None = None,
    concurrency: int | str | Sequence[int] = (1, 8, 32),
    requests: int | None = None,
    prompt: str | Sequence[str] | None = None,
    max_tokens: int = 512,
    *,
    benchmark: str | None = None,
    data: str | Path | None = None,
    hub: Hub = HUB,
    cache_hit: bool = True,
    warmup: int = 1,
    demo: bool = False,
    out: str | Path | None = None,
    show: bool = True,
    **options: Unpack[SpeedOptions],
) -> SpeedTest:
    """Measure how fast an endpoint answers, at one concurrency after another, and keep it in `out`/speed-….json.

    Args:
        endpoint: an `Endpoint`, an endpoint's name, or None for the default one.
        concurrency: streams at once, as `8`, `(1, 8, 32)` or "1,8,32".
        requests: of each level; twice its concurrency by default, 8 at least. All levels have as many as are given.
        prompt: what is asked, a text or several; by default the built-in problems, or those of `benchmark`.
        max_tokens: limit of one answer. A reasoning model reaches it nearly always, so that all answers are as long;
            extra={"ignore_eos": True} makes sure of it on vLLM and SGLang.
        benchmark, data, hub: ask a benchmark's own prompts.
        cache_hit: False begins each request with words of its own, so that no prefix cache can serve it.
        warmup: requests before the first level, which are not counted.
        demo: ask the built-in endpoint.
        options: sampling and transport options. Retries are off: what fails is counted.

    Raises:
        UserError: the call cannot work as written.
        EndpointRefused: the endpoint refuses every request (bad key, unknown model).
        SpeedInterrupted: the user interrupted; a KeyboardInterrupt that carries what was measured.
    """
    levels = checked_concurrency(concurrency)
    counts = [checked_requests(requests, level) for level in levels]
    if not is_whole(warmup) or warmup < 0:
        raise OptionError(f"--warmup takes a whole number from 0, not {warmup!r}.")
    if demo and endpoint not in (None, "demo"):
        raise OptionError("--demo brings its own endpoint: leave --endpoint out, or leave --demo out.")
    if prompt is not None and benchmark is not None:
        raise OptionError("Both prompt and benchmark say what is asked: leave one of them out.")
    if data is not None and benchmark is None:
        raise OptionError("--data wants to know whose problems these are: --benchmark math_500 --data PATH.")
    chosen = endpoint if isinstance(endpoint, Endpoint) else demo_endpoint() if demo else get_endpoint(endpoint)
    chosen = refine_endpoint(chosen, {"max_retries": 0, "max_tokens": max_tokens, **options})
    chosen.check_secrets()
    prompts = own_prompts(prompt) if prompt is not None else None
    if prompts is None:
        prompts = built_in_prompts() if benchmark is None else benchmark_prompts(benchmark, data, hub, chosen)
    load = Load(chosen, prompts, cache_hit=cache_hit)
    record = SpeedRecord(
        created=now(),
        endpoint=chosen.name,
        url=chosen.url,
        model=chosen.model,
        demo=chosen.is_demo,
        sampling={k: v for k, v in chosen.sampling.items() if v is not None},
        streamed=chosen.stream,
        prompts=prompts.label,
        withheld=prompts.withheld,
        distinct_prompts=len(prompts.messages),
        cache_hit=cache_hit,
        warmup=warmup,
        command=speed_command(
            {
                "concurrency": ",".join(map(str, levels)),
                "requests": requests,
                "prompt": prompt if isinstance(prompt, str) else None,
                "benchmark": benchmark,
                "data": data,
                "endpoint": endpoint if isinstance(endpoint, str) and not chosen.is_demo else None,
                "demo": chosen.is_demo,
                "out": out,
                "no_cache_hit": not cache_hit,
                "warmup": warmup if warmup != 1 else None,
                "max_tokens": max_tokens if max_tokens != 512 else None,
            },
            own_options(dict(options)),
        ),
    )
    stamp = f"{path_segment(chosen.model.rsplit('/', 1)[-1])}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    file = expand_user(out or DEFAULT_OUT) / f"speed-{stamp}.json"
    return run_levels(SpeedTest(record, load=load), load, list(zip(levels, counts, strict=True)), file, show=show)


def run_levels(test: SpeedTest, load: Load, levels: list[tuple[int, int]], file: Path, *, show: bool) -> SpeedTest:
    """Run the levels one after another, draw meanwhile, and save after each."""
    output = Output(test._drawing(), show=show)

    async def work() -> None:
        async with ChatClient(load.endpoint, connections=max(level for level, _ in levels)) as client:
            await load.warm_up(client, test.record.warmup)
            test.record.warmup_problem = load.warmup_problem
            for level, count in levels:
                await load.level(client, level, count)
                keep(test, load, file)

    future = shared_event_loop().submit(work())
    try:
        wait_for(future, step_s=output.interval_s, meanwhile=output.update)
    except BaseException as exc:
        future.cancel()
        if isinstance(exc, KeyboardInterrupt):
            # The loop lets go of its streams first: what they had measured is kept as far as it came.
            concurrent.futures.wait([future], STOP_WITHIN_S)
            if load.asked and len(test.levels) < len(levels) and not is_kept(test, load):
                keep(test, load, file, stopped=True)
        test._load = None
        if test.levels or isinstance(exc, KeyboardInterrupt):
            output.finish(figure=False)
        if isinstance(exc, KeyboardInterrupt):
            raise SpeedInterrupted(test) from None
        raise
    test._load = None
    output.finish()
    return test


def is_kept(test: SpeedTest, load: Load) -> bool:
    """Return whether the level that was measured last is in the record already."""
    return bool(test.record.asked) and test.record.asked[-1] is load.asked


def keep(test: SpeedTest, load: Load, file: Path, *, stopped: bool = False) -> None:
    """Add the level just measured, and write the file.

    Raises:
        QwqError: it cannot be written.
    """
    test.record.asked.append(load.asked)
    test.record.levels.append(load.result(stopped=stopped))
    test.path = write_record(test.record, file)


def write_record(record: SpeedRecord, file: Path) -> Path:
    """Write the record as JSON, and return its file. Raises QwqError where it cannot be written."""
    try:
        replace_file(file, msgspec.json.format(msgspec.json.encode(record), indent=1))
    except OSError as exc:
        raise QwqError(f"The speed test cannot be written to {file}: {exc}. Choose another folder by --out.") from None
    return file


def load_speed(path: str | Path) -> SpeedTest:
    """Load a speed test from its file.

    Raises:
        UnknownRun: there is none, or the file is no speed test.
    """
    file = expand_user(path)
    try:
        return SpeedTest(msgspec.json.decode(file.read_bytes(), type=SpeedRecord), file)
    except (OSError, msgspec.DecodeError) as exc:
        raise UnknownRun(f"{file} is no speed test that can be read: {exc}.") from None
