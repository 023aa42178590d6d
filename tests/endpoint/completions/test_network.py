"""Proxies and certificates."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import ssl
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import StreamInterrupted, UserError
from tests.support.chat_completions import (
    ask_question,
    assert_is_the_answer,
    byte_server,
    completion_of,
    endpoint_of,
    failure_of,
    whole_stream,
)


def test_a_proxy_is_used_and_a_loopback_host_can_be_kept_from_it(
    server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://user:hunter2@127.0.0.1:9")
    found = failure_of(endpoint_of(server, max_retries=0))
    assert "no connection" in str(found)
    assert "hunter2" not in str(found)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert_is_the_answer(ask_question(endpoint_of(server)))


def test_a_proxy_that_cannot_be_used_is_the_users_error(server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "gopher://user:hunter2@127.0.0.1:9")
    with pytest.raises(UserError, match="NO_PROXY") as caught:
        ask_question(endpoint_of(server))
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def limited(streams: int, soft: int, hard: int) -> str:
    """In a process of its own: the soft limit after a client for so many streams was made, or what was raised."""
    code = (
        "import resource\nfrom qwq_nb.errors import UserError\nfrom qwq_nb.endpoint.transport import raise_file_limit\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        f"try:\n    raise_file_limit({streams})\n    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
        "except UserError as exc:\n    print(exc)\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("streams", "soft", "hard", "after"),
    [(32, 300, 2000, "300"), (1024, 300, 1100, "1100")],
)
def test_the_limit_of_open_files_is_raised_for_many_streams(streams: int, soft: int, hard: int, after: str) -> None:
    assert limited(streams, soft, hard) == after


def test_more_streams_than_files_are_refused_with_what_to_do() -> None:
    said = limited(1024, 300, 500)
    assert said.startswith("1,024 streams at once need 1,088 open files, and this kernel may have 500.")
    assert "--concurrency 436" in said


@pytest.mark.parametrize("hard", [500, 80, 66, 65])
def test_the_advice_on_open_files_works(hard: int) -> None:
    advised = re.search(r"--concurrency ([\d,]+) or less", limited(hard, hard, hard))
    assert advised is not None
    assert limited(int(advised[1]), hard, hard) == str(hard)
    assert "--concurrency" in limited(int(advised[1]) + 1, hard, hard), "and no more than it has to be"


@pytest.mark.parametrize("streams", [1, 32])
@pytest.mark.parametrize("hard", [64, 30])
def test_where_no_concurrency_helps_the_advice_is_another_limit(hard: int, streams: int) -> None:
    said = limited(streams, hard, hard)
    assert "--concurrency" not in said
    advised = re.search(r"by (\d+), to (\d+) or more", said)
    assert advised is not None
    more, limit = map(int, advised.groups())
    assert hard + more == limit
    assert limited(streams, limit, limit) == str(limit)


def test_a_proxy_passes_the_completion_on(server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transport for proxies is httpx's own: the same client, the same answers."""

    async def go() -> list[Completion]:
        writers: list[asyncio.StreamWriter] = []

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(f"POST {server.url}/chat/completions HTTP/1.1".encode())
            host, port = server.root.removeprefix("http://").split(":")
            upstream, out = await asyncio.open_connection(host, int(port))
            writers.extend([writer, out])
            out.write(head.replace(server.root.encode(), b"", 1))

            async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                with contextlib.suppress(ConnectionError):
                    while data := await source.read(65536):
                        sink.write(data)
                        await sink.drain()
                sink.close()

            await asyncio.gather(pump(reader, out), pump(upstream, writer))

        proxy = await asyncio.start_server(relay, "127.0.0.1", 0)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        async with proxy:
            whole = await completion_of(endpoint_of(server))
            server.set_faults(["mid_close,attempts=1"])
            again = await completion_of(endpoint_of(server))
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)
        return [whole, again]

    first, second = asyncio.run(go())
    assert_is_the_answer(first)
    assert_is_the_answer(second)
    assert (first.attempts, second.attempts) == (1, 2)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


def test_a_certificate_is_trusted_only_if_it_is_said_so(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def ask_by_tls(**options: Any) -> Completion:
        async with byte_server(whole_stream(), tls=context) as endpoint:
            return await completion_of(endpoint.replace(**options))

    with pytest.raises(StreamInterrupted, match="--ca-bundle"):
        asyncio.run(ask_by_tls())
    assert asyncio.run(ask_by_tls(ca_bundle=str(certificate))).answer == "Fine."
    assert asyncio.run(ask_by_tls(insecure=True)).answer == "Fine."
