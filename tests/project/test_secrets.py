"""A key is sent to its endpoint and goes nowhere else, whatever the server does with it.

The canary is searched for in every byte that a run leaves behind and in everything it shows. Servers echo it here in an
error page, in an error within a stream, and as the answer itself.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.ultratb import AutoFormattedTB
from msgspec.structs import replace

from qwq_nb.bench.client import BenchWorker
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.masking import MASK, Mask
from qwq_nb.errors import EndpointRefused
from qwq_nb.evaluation.begin import begin
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.runner import MATCH
from tests.support.waiting import wait_until

CANARY = "canary-7f3e91d2-not-of-any-known-shape"
VARIABLE = "QWQ_CANARY_KEY"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, CANARY)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that anybody logs, libraries included, at the level that says most."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def assert_clean(what: str, text: str | bytes) -> None:
    found = CANARY.encode() in text if isinstance(text, bytes) else CANARY in text
    assert not found, f"the key is in {what}"


def files_below(*roots: Path) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in root.rglob("*") if path.is_file())


def everything_shown(run: Run) -> Iterator[tuple[str, str]]:
    report = run.report()
    bundle = report._repr_mimebundle_()
    yield from ((mime, json.dumps(content)) for mime, content in bundle.items())
    yield "the text report", report.text
    yield "the html", report.html
    yield "repr", repr(run)
    yield "samples()", run.samples().to_csv()
    yield "table()", run.table().to_csv()
    for result in run.results():
        yield "a result", repr(result)
        yield "sample()", repr(run.sample(result.sample.id, result.repeat))


@pytest.mark.parametrize("stream", [True, False])
def test_a_run_in_which_the_server_echoes_the_key_in_every_way_leaves_no_trace_of_it(
    server: DemoEndpoint,
    tmp_path: Path,
    logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    stream: bool,
) -> None:
    server.set_faults(
        [f"key_echo,after=3,{MATCH}", "key_chunk,p=0.2,after=3", "key_chunk,p=0.3,attempts=1", "key_answer,p=0.5"]
    )
    run = evaluate(
        "math_500", demo=False, endpoint=own_endpoint(server, key_env=VARIABLE, stream=stream), **local(tmp_path)
    )
    assert server.log()["last"][-1]["authorization"] == "present"
    texts = [r.completion.answer for r in run.results() if r.completion]
    assert f"I was called with {MASK}." in texts, "the echo is recognised and masked, in a stream in pieces too"
    causes = " ".join(r.error for r in run.results())
    assert "[key removed]" in causes

    for what, text in everything_shown(run):
        assert_clean(what, text)
    for what, text in everything_shown(load_run(run.path)):
        assert_clean(f"{what}, loaded", text)
    for path in files_below(tmp_path):
        assert_clean(str(path), path.read_bytes())
    assert_clean("the log", logged.text)
    out, err = capfd.readouterr()
    assert_clean("stdout", out)
    assert_clean("stderr", err)


def local(tmp_path: Path) -> dict[str, Any]:
    from tests.support.math_problems import MATH

    return {"data": MATH, "show": False, "out": tmp_path / "runs"}


def test_what_is_being_written_never_shows_a_part_of_the_key(server: DemoEndpoint, tmp_path: Path) -> None:
    """The key comes in pieces of a few characters: none is shown before it is known what it belongs to."""
    server.configure(tokens_per_second=60)
    server.set_faults(["key_answer"])
    run, control = begin(
        ("math_500",),
        out=tmp_path,
        fresh=False,
        endpoint=own_endpoint(server, key_env=VARIABLE),
        reveal=False,
        options={"limit": 4, "data": str(local(tmp_path)["data"]), "concurrency": 4},
    )
    seen: set[str] = set()

    def look() -> bool:
        for view in run.record([]).in_flight:
            seen.update((view.reasoning_tail, view.answer_tail))
        return control.done

    wait_until(look, seconds=60)
    control.wait()
    assert any(len(text) > 10 for text in seen)
    for text in seen:
        assert CANARY[:7] not in text
    assert any(MASK in text for text in seen)


@pytest.mark.parametrize("fault", ["key_echo", "redirect", "status,code=401", "status,code=404"])
def test_no_traceback_shows_it_however_verbose(server: DemoEndpoint, tmp_path: Path, fault: str) -> None:
    server.set_faults([fault])
    try:
        evaluate("math_500", endpoint=own_endpoint(server, key_env=VARIABLE), **local(tmp_path))
    except EndpointRefused:
        kind, error, frames = sys.exc_info()
        shown = io.StringIO()
        AutoFormattedTB(mode="Verbose", tb_offset=0)(kind, error, frames, out=shown)
        assert "EndpointRefused" in shown.getvalue()
        assert_clean("%xmode Verbose", shown.getvalue())
        assert_clean("the traceback", "".join(traceback.format_exception(error)))
        while error is not None:
            for frame, _ in traceback.walk_tb(error.__traceback__):
                assert_clean(f"the locals of {frame.f_code.co_name}", repr(list(frame.f_locals.values())))
            error = error.__cause__ or error.__context__
    else:
        raise AssertionError("it was not refused")


def test_a_redirect_to_another_host_is_refused_and_carries_nothing(
    server: DemoEndpoint, demo_endpoint: Any, tmp_path: Path
) -> None:
    other = demo_endpoint()
    server.set_faults([f"redirect,to={other.url}/chat/completions"])
    with pytest.raises(EndpointRefused, match="A redirect is not followed"):
        evaluate("math_500", endpoint=own_endpoint(server, key_env=VARIABLE), **local(tmp_path))
    assert other.log()["requests"] == 0


def test_a_key_that_was_replaced_is_still_masked(server: DemoEndpoint, tmp_path: Path) -> None:
    """An answer to a request that went out with the old key may come when the new one is in its place."""
    server.configure(tokens_per_second=100)
    server.set_faults(["key_answer"])
    changed = threading.Timer(1.0, os.environ.__setitem__, (VARIABLE, "another-canary-5511"))
    changed.start()
    run = evaluate(
        "math_500", limit=8, concurrency=8, endpoint=own_endpoint(server, key_env=VARIABLE), **local(tmp_path)
    )
    changed.join()
    assert sum(request_counts(server).values()) == 8
    for path in files_below(run.path):
        assert_clean(str(path), path.read_bytes())
        assert b"another-canary" not in path.read_bytes()


def test_the_worker_does_not_get_it(tmp_path: Path) -> None:
    """Neither the process that imports evalscope, nor the graders it forks."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc")

    async def environments() -> list[bytes]:
        worker = BenchWorker()
        worker.hide(VARIABLE)
        try:
            await worker.ready()
            assert worker._process is not None
            pids = [worker._process.pid]
            for pid in pids:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                pids.extend(map(int, children))
            return [Path(f"/proc/{pid}/environ").read_bytes() for pid in pids]
        finally:
            await worker.close()

    for environment in asyncio.run(environments()):
        assert environment
        assert_clean("the worker's environment", environment)
        assert VARIABLE.encode() not in environment


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_a_text_in_pieces_is_masked_however_it_is_cut(size: int) -> None:
    mask = Mask()
    mask.note(CANARY)
    text = f"ca canary-7f3e canary-{CANARY} and {CANARY}{CANARY[:-1]} can"
    stream = mask.stream()
    assert stream is not None
    for field in ("reasoning", "reasoning_content", "content"):
        deltas = [replace(Delta(), **{field: text[at : at + size]}) for at in range(0, len(text), size)]
        for delta in deltas:
            stream.feed(delta)
        whole = "".join(getattr(delta, field) for delta in [*deltas, stream.rest()])
        assert whole == text.replace(CANARY, MASK)


def test_a_word_that_stands_in_for_a_key_is_no_secret() -> None:
    """`EMPTY` is what servers without keys are given: an answer may well hold it."""
    mask = Mask()
    mask.note("EMPTY")
    assert mask.stream() is None
    assert mask.hide_in_answer("the set is EMPTY") == "the set is EMPTY"
