"""A speed test on the demo endpoint, whose pace is known; and its definitions on numbers made up."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.speed.api import SpeedInterrupted, load_speed, speed
from qwq_nb.analysis.speed.command import checked_concurrency, checked_requests
from qwq_nb.analysis.speed.metrics import Asked, SpeedRecord, concurrency_step, speed_notes, time_per_output_token
from qwq_nb.analysis.speed.options import SPEED
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import EndpointRefused, OptionError, UnknownRun
from qwq_nb.magics.parsing import parse_line, tokens_of
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import MATH
from tests.support.runner import settle_loop
from tests.support.waiting import wait_until


def asked(number: int = 0, latency: float = 2.1, ttft: float | None = 0.1, tokens: int = 101, **more: object) -> Asked:
    values = {"started_s": 0.0, "input_tokens": 50, "tokens_from": "usage", "deltas": tokens, **more}
    return Asked(number=number, latency_s=latency, ttft_s=ttft, output_tokens=tokens, **values)  # type: ignore[arg-type]


# -- definitions -------------------------------------------------------------------------------------------------


def test_time_per_output_token_is_that_of_vllm() -> None:
    assert time_per_output_token(asked()) == pytest.approx(0.02)
    assert time_per_output_token(asked(tokens=1)) is None
    assert time_per_output_token(asked(ttft=None)) is None
    burst = asked(latency=2.1, ttft=2.0995)
    assert time_per_output_token(burst) is None
    assert any("in one burst" in note for note in speed_notes(record([burst])))


def test_a_level_counts_all_and_times_what_succeeded() -> None:
    requests = [asked(i, latency=1.0 + i / 10, ttft=i / 10) for i in range(10)]
    failed = [asked(10, latency=4.0, ttft=None, tokens=0, error="EndpointError: HTTP 503", status=503)]
    failed.append(asked(11, latency=4.0, ttft=None, tokens=0, error="StreamInterrupted: gone"))
    level = concurrency_step(4, requests + failed, [0.01] * 99 + [0.5], 5.0)
    assert (level.requests, level.succeeded, level.failed) == (12, 10, 2)
    assert level.failures == {"HTTP 503": 1, "StreamInterrupted": 1}
    assert level.ttft_p50_s == pytest.approx(0.45)
    assert level.latency_p90_s == pytest.approx(1.81)
    assert level.tpot_p50_s == pytest.approx(0.01)
    assert level.itl_p50_s == pytest.approx(0.01)
    assert level.stream_tokens_per_s_p50 == pytest.approx(100)
    assert (level.requests_per_s, level.output_tokens_per_s, level.total_tokens_per_s) == (2.0, 202.0, 302.0)
    assert level.streams_mean == pytest.approx((sum(1 + i / 10 for i in range(10)) + 8) / 5)


def test_a_level_where_nothing_succeeded_or_nothing_streamed_has_no_times() -> None:
    level = concurrency_step(1, [asked(error="EndpointError: x", ttft=None, tokens=0)], [], 1.0)
    assert (level.succeeded, level.ttft_p50_s, level.output_tokens, level.output_tokens_per_s) == (0, None, None, 0)
    whole = concurrency_step(1, [asked(ttft=None, input_tokens=0)], [], 1.0)
    assert (whole.ttft_p50_s, whole.tpot_p99_s, whole.itl_p50_s, whole.input_tokens) == (None, None, None, None)
    assert whole.latency_p50_s == pytest.approx(2.1)


def record(requests: list[Asked], **more: object) -> SpeedRecord:
    level = concurrency_step(1, requests, [], 3.0)
    values = {"prompts": "50 built-in problems", "distinct_prompts": 50, **more}
    base = SpeedRecord(created="", endpoint="e", url="", model="m", levels=[level], asked=[requests])
    for name, value in values.items():
        setattr(base, name, value)
    return base


def test_notes_say_what_the_numbers_do_not() -> None:
    fast = [asked(i, deltas=40_000) for i in range(120)]
    said = "\n".join(speed_notes(record(fast)))
    assert "120 requests shared 50 prompts: a server with a prefix cache" in said
    assert "may be the slower side" in said
    assert "p99" not in said
    assert "prefix cache" not in "\n".join(speed_notes(record(fast, cache_hit=False)))
    few = "\n".join(speed_notes(record([asked(ttft=None, tokens_from="chunks")])))
    assert "Nothing was streamed" in few
    assert "counts no tokens" in few
    assert "p99 is hardly more than the largest" in few


def test_a_servers_words_are_withheld_where_they_may_quote_gpqa() -> None:
    failed = [asked(error="EndpointError: Which of the following isomers", status=400, tokens=0)]
    assert "isomers" in "\n".join(speed_notes(record(failed, warmup_problem="EndpointError: isomers")))
    hidden = speed_notes(record(failed, prompts="198 prompts of gpqa_diamond", warmup_problem="EndpointError: isomers"))
    assert "isomers" not in "\n".join(hidden)
    assert "1 × HTTP 400" in "\n".join(hidden)
    for withheld in (True, False):
        said = speed_notes(record(failed, prompts="9 prompts of mine", withheld=withheld))
        assert ("isomers" in "\n".join(said)) is not withheld


# -- the call ----------------------------------------------------------------------------------------------------


def test_concurrency_is_written_in_three_ways() -> None:
    assert checked_concurrency("1, 8,32") == checked_concurrency((1, 8, 32)) == [1, 8, 32]
    assert checked_concurrency(8) == checked_concurrency("8") == [8]
    assert [checked_requests(None, c) for c in (1, 8, 32)] == [8, 16, 64]


@pytest.mark.parametrize("concurrency", ["", "1,,8", "a", 0, -1, [], [1, 1], True, 1.5, 5000, None])
def test_concurrencies_that_cannot_be(concurrency: Any) -> None:
    with pytest.raises(OptionError, match="as in 1,8,32"):
        checked_concurrency(concurrency)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"requests": 4, "concurrency": 8}, "never opens 8 streams"),
        ({"warmup": -1}, "--warmup takes a whole number"),
        ({"prompt": " "}, "none of them empty"),
        ({"prompt": "x", "benchmark": "math_500"}, "leave one of them out"),
        ({"data": "x.jsonl"}, "--benchmark math_500 --data PATH"),
        ({"max_tokens": 0}, "max-tokens must be a number from 1"),
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"demo": True, "endpoint": "other"}, "--demo brings its own endpoint"),
    ],
)
def test_calls_that_cannot_be(options: dict[str, Any], message: str, demo: DemoEndpoint) -> None:
    with pytest.raises(OptionError, match=message):
        speed(**{"endpoint": own_endpoint(demo), **options})


def test_the_options_of_the_line_are_those_of_the_call() -> None:
    line = "--concurrency 1,4 --requests 16 --max-tokens 64 --no-cache-hit --temperature 0.5 --top-k off"
    _, given = parse_line(tokens_of(line), SPEED, "qwq_speed")
    assert given["concurrency"] == "1,4"
    assert given["top_k"] is None
    assert len({o.name for o in SPEED}) == len(SPEED)


# -- measurements ------------------------------------------------------------------------------------------------


def test_a_known_pace_is_measured(demo_endpoint: Callable[..., DemoEndpoint]) -> None:
    server = demo_endpoint(tokens_per_second=200, ttft=0.1)
    test = speed(own_endpoint(server), "1,4", requests=4, max_tokens=40)
    for level in test.levels:
        assert level.tpot_p50_s is not None
        assert level.stream_tokens_per_s_p50 is not None
        assert level.ttft_p50_s is not None
        assert level.ttft_p90_s is not None
        assert level.ttft_p99_s is not None
        # A loaded machine is late, never early.
        assert level.tpot_p50_s > 0.0045
        assert level.ttft_p50_s > 0.095
        assert level.ttft_p50_s <= level.ttft_p90_s <= level.ttft_p99_s
        assert level.stream_tokens_per_s_p50 < 224
        assert level.stream_tokens_per_s_p50 == pytest.approx(1 / level.tpot_p50_s, rel=0.3)
        assert (level.requests, level.succeeded, level.output_tokens) == (4, 4, 40)
    one, four = test.levels
    assert one.streams_mean == pytest.approx(1, abs=0.1)
    assert four.output_tokens_per_s > 1.5 * one.output_tokens_per_s
    table = test.table()
    assert list(table.concurrency) == [1, 4]
    assert {"ttft_p50_s", "tpot_p90_s", "latency_p99_s", "requests_per_s", "input_tokens"} <= set(table.columns)
    assert server.log()["requests"] == 9, "and a warm-up, which is not counted"
    assert sorted(test.requests().number) == list(range(1, 9))


def test_it_is_kept_in_a_file_and_read_back(server: DemoEndpoint, tmp_path: Path) -> None:
    test = speed(own_endpoint(server), 2, max_tokens=20, out=tmp_path / "kept")
    assert test.path is not None
    assert test.path.parent == tmp_path / "kept"
    assert json.loads(test.path.read_text())["schema"] == "speed.v1"
    again = load_speed(test.path)
    assert again.table().equals(test.table())
    assert again.record.command == f"%qwq_speed --concurrency 2 --out {tmp_path / 'kept'} --max-tokens 20"
    with pytest.raises(UnknownRun, match="is no speed test"):
        load_speed(tmp_path / "none.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UnknownRun, match="is no speed test"):
        load_speed(tmp_path / "other.json")


def test_failed_requests_are_counted_and_not_asked_again(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,p=0.4"])
    test = speed(own_endpoint(server), 4, requests=20, max_tokens=20, warmup=0)
    (level,) = test.levels
    assert level.requests == 20 == server.log()["requests"]
    assert 0 < level.failed < 20
    assert level.failures == {"HTTP 503": level.failed}
    assert level.output_tokens is not None
    assert level.output_tokens_per_s == pytest.approx(level.succeeded * level.output_tokens / level.duration_s)
    shown = test._bundle(live=False, times=False)
    assert f"{level.failed} of 20 requests failed ({level.failed} × HTTP 503)" in shown["text/plain"]
    assert f"{level.failed} of 20 requests failed" in shown["text/html"]


def test_streams_that_break_and_empty_answers_are_failures(server: DemoEndpoint) -> None:
    server.set_faults(["mid_close,match=bakery", "empty"])
    test = speed(own_endpoint(server), 1, max_tokens=20, warmup=0)
    (level,) = test.levels
    assert level.succeeded == 0
    assert level.failures == {"StreamInterrupted": 1, "NoText": 7}
    assert test.plot().text().count("nothing finished yet") == 3


def test_a_refusal_of_every_request_ends_it(server: DemoEndpoint) -> None:
    with pytest.raises(EndpointRefused, match="no-such-model"):
        speed(own_endpoint(server).replace(model="no-such-model"), 1)
    assert not list(Path().glob("qwq_runs/*"))


def test_a_warm_up_that_fails_is_noted(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,match=bakery"])
    test = speed(own_endpoint(server), 1, max_tokens=10)
    assert any("warm-up request failed: EndpointError: HTTP 503" in note for note in test.notes)
    assert test.levels[0].failed == 0


def test_each_request_begins_differently_where_no_cache_may_be_hit(server: DemoEndpoint) -> None:
    speed(
        own_endpoint(server, request_seed=7), 2, prompt=["What is 2+2?", "What is 3+3?"], max_tokens=5, cache_hit=False
    )
    bodies = [entry["body"] for entry in server.log()["last"]]
    texts = [body["messages"][-1]["content"] for body in bodies]
    assert len({text[:30] for text in texts}) == len(texts) == 9
    assert all(text.endswith(("What is 2+2?", "What is 3+3?")) for text in texts)
    assert len({body["seed"] for body in bodies}) == 9
    server.reset()
    test = speed(own_endpoint(server), 2, prompt="What is 2+2?", max_tokens=5)
    assert {entry["body"]["messages"][-1]["content"] for entry in server.log()["last"]} == {"What is 2+2?"}
    assert any("8 requests shared one prompt" in note for note in test.notes)


def test_a_benchmarks_own_prompts(server: DemoEndpoint) -> None:
    test = speed(own_endpoint(server), 1, benchmark="math_500", data=MATH, max_tokens=5)
    assert test.record.prompts == "40 prompts of math_500"
    assert "boxed" in server.log()["last"][0]["body"]["messages"][-1]["content"]


def test_answers_that_are_not_streamed_have_a_latency_alone(server: DemoEndpoint) -> None:
    test = speed(own_endpoint(server), 1, max_tokens=5, stream=False)
    (level,) = test.levels
    assert (level.succeeded, level.ttft_p50_s, level.tpot_p50_s) == (8, None, None)
    assert level.latency_p50_s is not None
    assert level.latency_p50_s > 0
    assert any("Nothing was streamed" in note for note in test.notes)


def test_an_interrupt_is_answered_at_once_and_keeps_what_was_measured(server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=40)
    when: list[float] = []

    def interrupt() -> None:
        with contextlib.suppress(AssertionError):
            wait_until(lambda: server.log()["requests"] >= 11, 30)
        when.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(SpeedInterrupted, match=r"speed-.*\.json has what was measured") as caught:
        speed(own_endpoint(server), "8,1", max_tokens=20, requests=8)
    assert time.monotonic() - when[0] < 1
    test = caught.value.test
    assert [level.stopped for level in test.levels] == [False, True]
    assert test.levels[1].requests < 8
    assert any("interrupted after" in note for note in test.notes)
    assert load_speed(str(test.path)).levels[0].succeeded == 8
    # The loop has let go of its streams: nothing more is asked.
    wait_until(lambda: server.log()["active"] == 0)
    before = server.log()["requests"]
    settle_loop()
    assert server.log()["requests"] == before


def test_the_demo_says_so_and_a_compared_text_has_counts_alone(server: DemoEndpoint) -> None:
    first, second = (speed(demo=True, concurrency=2, max_tokens=30) for _ in range(2))
    texts = [test._bundle(live=False, times=False)["text/plain"] for test in (first, second)]
    assert texts[0] == texts[1]
    assert texts[0].startswith("*** DEMO")
    assert "240" in texts[0]
    assert "TTFT" not in texts[0]
    assert "TTFT ms" in first._bundle(live=False, times=True)["text/plain"]
    figure = first.plot()
    assert "DEMO" in figure.title
    assert json.dumps(figure.figure.to_plotly_json())
    assert figure.text(times=False) == figure.title
    with pytest.raises(OptionError, match="Did you mean 'throughput'"):
        first.plot("throughputs")
