"""Load a data set from its hub, or fail within seconds with the reason.

The hubs' clients retry for minutes without a network. So one connection is tried first (unless a proxy is set); if it
fails, only a copy on this machine is looked for, under a time limit.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from qwq_nb.bench.evalscope.conversion import needed_fields
from qwq_nb.bench.hub_secrets import mask_of
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.core.environment import hub_secrets
from qwq_nb.errors import HubError

__all__ = ["load"]

_CONNECT_S = 6.0
"""Seconds for the first connection."""
_OFFLINE_S = 6
"""Seconds for finding a copy on this machine once the hub is known to be out of reach."""

_REFUSED = re.compile(r"\b40[13]\b|gated|unauthori[sz]ed|forbidden|restricted|not authenticated|log ?in", re.I)
_TOKENS = {
    "huggingface": ("huggingface.co", "HF_TOKEN or HUGGING_FACE_HUB_TOKEN"),
    "modelscope": ("modelscope.cn", "MODELSCOPE_API_TOKEN"),
}


def load(adapter: Any, request: LoadRequest) -> None:
    """Call `adapter.load_dataset()`. Raises HubError."""
    fields = needed_fields(_original(adapter))
    unreachable = _unreachable(*_address(request.hub))
    try:
        with _offline(request.hub) if unreachable else contextlib.nullcontext():
            adapter.load_dataset()
    except Exception as error:  # the hubs' clients raise anything from OSError to their own trees
        cause = unreachable or mask_of(_tokens(request.hub)).hide(_short(error))
        raise HubError(
            f"{request.benchmark}: the data set {adapter.dataset_id!r} could not be loaded from {request.hub}: "
            f"{cause}. {_about_token(request.hub, cause)}Give its records in a file of your own: --data PATH (JSONL, "
            f"JSON, CSV or Parquet; fields: {', '.join(fields) or 'as in the data set'}), or try the built-in "
            f"problems: --demo."
        ) from None


def _original(adapter: Any) -> Any:
    """Return the class's own `record_to_sample`: the instance's may be a wrapper that keeps records."""
    return lambda record: type(adapter).record_to_sample(adapter, record)


def _address(hub: str) -> tuple[str, int]:
    """Return host and port of the hub, or of the mirror that the environment names."""
    if hub == "huggingface":
        url = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    else:
        url = os.environ.get("MODELSCOPE_ENDPOINT") or os.environ.get("MODELSCOPE_DOMAIN") or "www.modelscope.cn"
    parts = urllib.parse.urlsplit(url if "://" in url else f"https://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.hostname or url, port or (80 if parts.scheme == "http" else 443)


def _unreachable(host: str, port: int) -> str:
    """Return why the hub cannot be connected to; empty if it can, or if a proxy is set."""
    if urllib.request.getproxies():
        return ""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_S).close()
    except OSError as error:
        return f"no connection to {host} ({error.strerror or type(error).__name__})"
    return ""


def _tokens(hub: str) -> dict[str, str]:
    """Return the secrets that the hub's client may have sent: those of the environment, and the token of its login."""
    found = hub_secrets(os.environ, hub)
    with contextlib.suppress(Exception):  # whatever the clients raise: there is no such token then
        if hub == "huggingface":
            from huggingface_hub import get_token

            found["login"] = get_token() or ""
        else:
            from modelscope_hub import get_default_config

            found["login"] = get_default_config().token or ""
    return found


def _about_token(hub: str, cause: str) -> str:
    if not _REFUSED.search(cause):
        return ""
    where, names = _TOKENS[hub]
    return (
        f"If it is gated, accept its terms at {where} and set {names} in this kernel's environment (not as "
        f"an endpoint's key: those are given to no loader). "
    )


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
