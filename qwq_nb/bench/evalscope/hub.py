"""Load a data set from its hub, or fail within seconds with the reason.

The hubs' clients retry for minutes without a network. So one connection is tried first, through the proxy if one is
set; if it fails, only a copy on this machine is looked for, under a time limit.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

from qwq_nb.bench.evalscope.conversion import needed_fields
from qwq_nb.bench.hub_address import hub_failure, unreachable
from qwq_nb.bench.hub_secrets import mask_of
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.core.environment import hub_secrets

__all__ = ["load", "plain_converter"]

_OFFLINE_S = 4
"""Seconds for finding a copy on this machine once the hub is known to be out of reach."""

_REFUSED = re.compile(r"\b40[13]\b|gated|unauthori[sz]ed|forbidden|restricted|not authenticated|log ?in", re.I)
_TOKENS = {
    "huggingface": ("huggingface.co", "HF_TOKEN or HUGGING_FACE_HUB_TOKEN"),
    "modelscope": ("modelscope.cn", "MODELSCOPE_API_TOKEN"),
}
_BROKEN = frozenset({"ChunkedEncodingError", "IncompleteRead", "RemoteProtocolError", "ConnectionResetError"})
"""Errors, by name, of connections that broke; those of requests, urllib3, httpx and Python."""

_LOCAL_PATH = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\",;:()]+){2,}")
"""A path on this machine; the libraries' messages name folders that are gone by then."""


def load(adapter: Any, request: LoadRequest) -> None:
    """Call `adapter.load_dataset()`. Raises HubError."""
    fields = needed_fields(plain_converter(adapter), adapter.name)
    cause = unreachable(request.hub)
    try:
        with _offline(request.hub) if cause else contextlib.nullcontext():
            _load_twice(adapter, once=bool(cause))
    except Exception as error:  # the hubs' clients raise anything from OSError to their own trees
        said = cause or mask_of(_tokens(request.hub)).hide(_short(error))
        said += _about_token(request.hub, said)
        raise hub_failure(request.benchmark, str(adapter.dataset_id), request.hub, said, fields) from None


def _load_twice(adapter: Any, *, once: bool) -> None:
    """Load; once more if the connection broke in the middle of a file, which ModelScope's library does not try."""
    try:
        adapter.load_dataset()
    except Exception as error:
        names = {type(cause).__name__ for cause in _causes(error)}
        if once or not names & _BROKEN:
            raise
        adapter.load_dataset()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def plain_converter(adapter: Any) -> Callable[[dict[str, Any]], Any]:
    """Return the class's own `record_to_sample`: the instance's may be a wrapper that keeps records."""
    return lambda record: type(adapter).record_to_sample(adapter, record)


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
        f". If it is gated, accept its terms at {where} and set {names} in this kernel's environment (not as "
        f"an endpoint's key: those are given to no loader)"
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
        # Again and again: what it interrupts may catch it, and go on to try the network.
        signal.setitimer(signal.ITIMER_REAL, _OFFLINE_S, 0.2)
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _expired(number: int, frame: object) -> None:
    raise TimeoutError("no answer in time")


def _short(error: Exception) -> str:
    """Return an error's class and first line, and what a refusal means, without paths of this machine."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = _LOCAL_PATH.sub("…", lines[0] if lines else type(error).__name__)
    return f"{type(error).__name__}: {text[:240]}".rstrip(".")
