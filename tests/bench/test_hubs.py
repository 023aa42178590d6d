"""Data sets from Hugging Face and ModelScope, by their own libraries, from a hub on loopback: whole, slow, gone, gated,
cut in mid-file, and without a connection.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from qwq_nb import evaluate
from qwq_nb.bench import hub_address
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import LoadedBenchmark, LoadRequest
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import HubError
from qwq_nb.evaluation import loading
from tests.support.loopback_hub import Hub, loopback_hub
from tests.support.math_problems import math_records

from .conftest import Run

HubName = Literal["huggingface", "modelscope"]
HUBS: tuple[HubName, ...] = ("huggingface", "modelscope")
DATA_SETS = {"huggingface": "HuggingFaceH4/MATH-500", "modelscope": "AI-ModelScope/MATH-500"}
README = b"---\nlicense: mit\n---\nThe card.\n"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def files() -> dict[str, dict[str, bytes]]:
    rows = "".join(json.dumps(record) + "\n" for record in math_records(5)).encode()
    return {name: {"README.md": README, "test.jsonl": rows} for name in DATA_SETS.values()}


class Hubs:
    """A worker whose libraries ask one port, and a home of its own for what they keep."""

    def __init__(self, home: Path, run: Run[Any]) -> None:
        self.home = home
        self.port = free_port()
        url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "HF_HOME": str(home / "hf"),
            "HF_ENDPOINT": url,
            "MODELSCOPE_CACHE": str(home / "modelscope"),
            "MODELSCOPE_ENDPOINT": url,
            "EVALSCOPE_CACHE": str(home / "evalscope"),
            "QWQ_NB_CACHE": str(home / "prompts"),
        }
        self.worker = BenchWorker(env=self.environment)
        self.run = run
        run(self.worker.ready())

    def load(self, hub: HubName) -> LoadedBenchmark:
        """Load without the prompts that an earlier load left."""
        shutil.rmtree(self.home / "prompts", ignore_errors=True)
        loaded: LoadedBenchmark = self.run(self.worker.load(LoadRequest(benchmark="math_500", hub=hub)))
        return loaded

    def refusal(self, hub: HubName) -> str:
        with pytest.raises(HubError) as caught:
            self.load(hub)
        said = str(caught.value)
        other = "huggingface" if hub == "modelscope" else "modelscope"
        for part in (f"--hub {other}", "--data PATH", "fields: problem, answer, level", "--demo", DATA_SETS[hub]):
            assert part in said
        assert str(self.home) not in said
        assert "/tmp" not in said
        return said

    def forget(self) -> None:
        for entry in self.home.iterdir():
            shutil.rmtree(entry)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, run: Run[Any]) -> Iterator[Hubs]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_TOKEN", "MODELSCOPE_API_TOKEN", "HF_HUB_OFFLINE"):
            patch.delenv(name, raising=False)
        made = Hubs(tmp_path_factory.mktemp("home"), run)
        yield made
        run(made.worker.close())


@pytest.fixture
def hubs(machine: Hubs) -> Hubs:
    """The machine as if nothing had been loaded."""
    machine.forget()
    return machine


@pytest.fixture
def hub(hubs: Hubs) -> Iterator[Hub]:
    with loopback_hub(files(), hubs.port) as made:
        yield made


@pytest.mark.parametrize("name", HUBS)
def test_a_data_set_is_loaded(hubs: Hubs, hub: Hub, name: HubName) -> None:
    loaded = hubs.load(name)
    assert [sample.source_row["problem"] for sample in loaded.samples] == [r["problem"] for r in math_records(5)]
    assert loaded.samples[0].source_id == math_records(1)[0]["unique_id"]
    assert loaded.facts.dataset_id == DATA_SETS[name]
    assert sum("test.jsonl" in line for line in hub.downloads) == 1


@pytest.mark.parametrize("name", HUBS)
def test_a_second_run_needs_no_hub(hubs: Hubs, name: HubName) -> None:
    with loopback_hub(files(), hubs.port):
        first = hubs.load(name)
    again = hubs.load(name)
    assert again.samples == first.samples
    assert again.data_hash == first.data_hash
    # Control: without what the first left, it is not found.
    hubs.forget()
    assert f"no connection to 127.0.0.1:{hubs.port} (Connection refused)" in hubs.refusal(name)


@pytest.mark.long
@pytest.mark.parametrize("name", HUBS)
def test_a_slow_hub_is_waited_for(hubs: Hubs, hub: Hub, name: HubName) -> None:
    hub.wait_s = 0.7
    assert len(hubs.load(name).samples) == 5


@pytest.mark.parametrize("name", HUBS)
def test_a_data_set_that_is_not_there(hubs: Hubs, hub: Hub, name: HubName) -> None:
    hub.files.clear()
    said = hubs.refusal(name)
    assert "doesn't exist on the Hub" in said or "[404] record not found" in said


@pytest.mark.parametrize("name", HUBS)
def test_a_gated_data_set(hubs: Hubs, hub: Hub, name: HubName) -> None:
    hub.gated.update(hub.files)
    said = hubs.refusal(name)
    assert "gated" in said
    assert {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}[name] in said
    hub.gated.clear()
    assert len(hubs.load(name).samples) == 5  # a refusal is not remembered


@pytest.mark.parametrize("name", HUBS)
def test_a_file_that_is_cut_in_its_middle_is_fetched_again(hubs: Hubs, hub: Hub, name: HubName) -> None:
    hub.cut = 1
    assert len(hubs.load(name).samples) == 5
    assert sum("test.jsonl" in line for line in hub.downloads) == 2


def test_a_file_that_is_always_cut_is_said_and_not_kept(hubs: Hubs, hub: Hub) -> None:
    hub.cut = 1000
    assert "Connection broken" in hubs.refusal("modelscope")
    hub.cut = 0
    assert len(hubs.load("modelscope").samples) == 5


def test_where_the_hubs_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback_hub({}) as there:
        for name, variable in (("huggingface", "HF_ENDPOINT"), ("modelscope", "MODELSCOPE_ENDPOINT")):
            monkeypatch.setenv(variable, there.url)
            assert hub_address.unreachable(name) == ""
            monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
            assert "Connection refused" in hub_address.unreachable(name)
            monkeypatch.setenv(variable, "http://hub.invalid")
            assert "no connection to hub.invalid:80" in hub_address.unreachable(name)
            monkeypatch.setenv("HTTP_PROXY", there.url)
            assert hub_address.unreachable(name) == ""  # the proxy knows the way
            monkeypatch.setenv("NO_PROXY", "hub.invalid")
            assert "no connection to hub.invalid:80" in hub_address.unreachable(name)
            monkeypatch.delenv("HTTP_PROXY")
            monkeypatch.delenv("NO_PROXY")


@pytest.mark.parametrize("name", HUBS)
def test_a_hub_under_repair_is_told_at_once(hubs: Hubs, hub: Hub, name: HubName) -> None:
    hub.status = 503
    assert f"127.0.0.1:{hubs.port} answers HTTP 503" in hubs.refusal(name)
    hub.status = 0
    assert len(hubs.load(name).samples) == 5


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A proxy that the environment sets, with a password: it has its port, and says nothing until it is told what."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"127.0.0.1:{silent.getsockname()[1]}"
        for variable in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, f"http://somebody:secret@{name}")
        yield name


@pytest.mark.parametrize("name", HUBS)
@pytest.mark.parametrize("url", ["http://hub.invalid", "https://hub.invalid"])
def test_a_proxy_that_does_not_answer_is_named(
    proxy: str, name: HubName, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hubs' libraries would try it for half a minute, or without end."""
    monkeypatch.setattr(hub_address, "_ANSWER_S", 0.2)
    monkeypatch.setenv("HF_ENDPOINT" if name == "huggingface" else "MODELSCOPE_ENDPOINT", url)
    assert (
        hub_address.unreachable(name) == f"no answer within 0.2 s through the proxy {proxy}, which the environment sets"
    )


@pytest.mark.parametrize("name", HUBS)
def test_a_dead_proxy_is_named(name: HubName, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    for variable in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
        monkeypatch.setenv(variable, "https://hub.invalid")
    for dead in (f"http://somebody:secret@127.0.0.1:{port}", f"127.0.0.1:{port}", f"socks5://127.0.0.1:{port}"):
        monkeypatch.setenv("HTTPS_PROXY", dead)
        said = hub_address.unreachable(name)
        assert said == f"no connection to the proxy 127.0.0.1:{port}, which the environment sets (Connection refused)"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("503 Service Unavailable", "no connection to hub.invalid:443 through the proxy"),
        ("407 Who are you", ""),
        ("200 OK", ""),
    ],
)
def test_a_proxy_that_does_not_reach_the_hub(status: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    asked: list[bytes] = []

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            asked.append(connection.recv(1000))
            connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=(listening,), daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listening.getsockname()[1]}")
        said = hub_address.unreachable("huggingface")
    assert said.startswith(says) if says else not said
    assert asked[0].startswith(b"CONNECT hub.invalid:443 HTTP/1.1")


@pytest.mark.long
@pytest.mark.parametrize("name", HUBS)
def test_behind_a_dead_proxy_the_message_comes_in_time(hubs: Hubs, name: HubName) -> None:
    port = free_port()
    dead = f"http://127.0.0.1:{port}"
    outside = {"HF_ENDPOINT": "https://hub.invalid", "MODELSCOPE_ENDPOINT": "https://hub.invalid", "HTTPS_PROXY": dead}
    worker = BenchWorker(env={**hubs.environment, **outside})
    hubs.run(worker.ready())
    try:
        started = time.monotonic()
        with pytest.raises(HubError, match=f"no connection to the proxy 127.0.0.1:{port}"):
            hubs.run(worker.load(LoadRequest(benchmark="math_500", hub=name)))
        assert time.monotonic() - started < 10
    finally:
        hubs.run(worker.close())


def test_name_resolution_without_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_address, "_CONNECT_S", 0.1)
    monkeypatch.setattr(hub_address, "_ANSWER_S", 0.1)

    def slow(*_: Any, **__: Any) -> None:
        time.sleep(2)
        raise OSError("not known")

    monkeypatch.setattr(socket, "create_connection", slow)
    started = time.monotonic()
    assert "within 0.2 s" in hub_address.unreachable("modelscope")
    assert time.monotonic() - started < 1.9


def test_a_hub_that_accepts_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall, or a network's log-in page: the libraries would try for minutes."""
    monkeypatch.setattr(hub_address, "_ANSWER_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for scheme in ("http", "https"):
            monkeypatch.setenv("HF_ENDPOINT", f"{scheme}://127.0.0.1:{port}")
            assert f"no answer from 127.0.0.1:{port} within 0.5 s" in hub_address.unreachable("huggingface")
    # One that answers in another protocol is somebody: its library says what is wrong.
    with loopback_hub({}) as there:
        monkeypatch.setenv("HF_ENDPOINT", there.url.replace("http:", "https:"))
        assert hub_address.unreachable("huggingface") == ""


@pytest.mark.parametrize("name", HUBS)
def test_without_a_hub_nobody_waits_for_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: HubName
) -> None:
    """A busy machine: the worker is still importing when the hub is known to be out of reach."""
    home = tmp_path / "home"
    home.mkdir()
    for variable in ("HOME", "XDG_CACHE_HOME", "HF_HOME", "MODELSCOPE_CACHE", "EVALSCOPE_CACHE"):
        monkeypatch.setenv(variable, str(home))
    for variable in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(loading, "PATIENCE_S", 1.0)

    async def never(self: BenchWorker, request: LoadRequest) -> LoadedBenchmark:
        await asyncio.sleep(60)
        raise AssertionError("unreachable")

    monkeypatch.setattr(BenchWorker, "load", never)
    started = time.monotonic()
    with pytest.raises(HubError) as caught:
        evaluate("aime24", hub=name, endpoint=Endpoint("http://127.0.0.1:9/v1", model="m"), show=False)
    assert time.monotonic() - started < 10
    said = str(caught.value)
    other = "huggingface" if name == "modelscope" else "modelscope"
    assert all(part in said for part in ("aime24", "Connection refused", f"--hub {other}", "--data PATH", "--demo"))
    assert str(tmp_path) not in said


def test_the_worker_says_for_how_long_it_has_been_importing(run: Run[Any]) -> None:
    worker = BenchWorker()

    async def steps() -> list[str]:
        seen = []
        ready = asyncio.ensure_future(worker.ready())
        while not ready.done():
            seen.append(worker.step)
            await asyncio.sleep(0.1)
        await worker.close()
        return seen

    seen = run(steps())
    assert "importing evalscope" in seen
    assert any(step.startswith("importing evalscope, ") and step.endswith(" s") for step in seen)


def test_what_was_loaded_before_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "HF_HOME", "MODELSCOPE_CACHE", "EVALSCOPE_CACHE"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    assert not any(map(hub_address.has_copies, HUBS))
    (tmp_path / "HF_HOME" / "hub" / ".locks").mkdir(parents=True)
    assert not hub_address.has_copies("huggingface")
    (tmp_path / "HF_HOME" / "hub" / "datasets--HuggingFaceH4--MATH-500").mkdir()
    assert hub_address.has_copies("huggingface")
    assert not hub_address.has_copies("modelscope")
    (tmp_path / "EVALSCOPE_CACHE" / "datasets" / "AI-ModelScope_MATH-500-0").mkdir(parents=True)
    assert hub_address.has_copies("modelscope")
