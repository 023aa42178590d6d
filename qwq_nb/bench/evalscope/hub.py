"""Load a data set from its hub, or fail within seconds with the reason.

The hubs' clients retry for minutes without a network. So one connection is tried first (unless a proxy is set); if it
fails, only a copy on this machine is looked for, under a time limit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from qwq_nb.bench.evalscope.conversion import needed_fields
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.errors import HubError

__all__ = ["load", "plain_converter"]

_CONNECT_S = 6.0
"""Seconds for the first connection."""
_OFFLINE_S = 6
"""Seconds for finding a copy on this machine once the hub is known to be out of reach."""


def load(adapter: Any, request: LoadRequest) -> None:
    """Call `adapter.load_dataset()`. Raises HubError."""
    fields = needed_fields(plain_converter(adapter))
    host = _host(request.hub)
    unreachable = _unreachable(host)
    try:
        with _offline(request.hub) if unreachable else contextlib.nullcontext():
            adapter.load_dataset()
    except Exception as error:  # the hubs' clients raise anything from OSError to their own trees
        cause = unreachable or _short(error)
        raise HubError(
            f"{request.benchmark}: the data set {adapter.dataset_id!r} could not be loaded from {request.hub}: "
            f"{cause}. Give its records in a file of your own: --data PATH (JSONL, JSON, CSV or Parquet; fields: "
            f"{', '.join(fields) or 'as in the data set'}), or try the built-in problems: --demo."
        ) from None


def plain_converter(adapter: Any) -> Callable[[dict[str, Any]], Any]:
    """Return the class's own `record_to_sample`: the instance's may be a wrapper that keeps records."""
    return lambda record: type(adapter).record_to_sample(adapter, record)


def _host(hub: str) -> str:
    if hub == "huggingface":
        return urllib.parse.urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co")).netloc
    return os.environ.get("MODELSCOPE_DOMAIN", "www.modelscope.cn").removeprefix("https://").strip("/")


def _unreachable(host: str) -> str:
    """Return why the hub cannot be connected to; empty if it can, or if a proxy is set."""
    if urllib.request.getproxies():
        return ""
    name, _, port = host.partition(":")
    try:
        socket.create_connection((name, int(port or 443)), timeout=_CONNECT_S).close()
    except OSError as error:
        return f"no connection to {host} ({error.strerror or type(error).__name__})"
    return ""


@contextlib.contextmanager
def _offline(hub: str) -> Iterator[None]:
    """Restrict loading to copies on this machine, for `_OFFLINE_S` at most.

    Runs in a child process of its own, so the settings are not restored.
    """
    if hub == "huggingface":
        import datasets.config
        import huggingface_hub.constants

        huggingface_hub.constants.HF_HUB_OFFLINE = True
        datasets.config.HF_HUB_OFFLINE = True
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _expired)
        signal.setitimer(signal.ITIMER_REAL, _OFFLINE_S)
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _expired(number: int, frame: object) -> None:
    raise TimeoutError("no answer in time")


def _short(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return f"{type(error).__name__}: {text[:240]}".rstrip(".")
