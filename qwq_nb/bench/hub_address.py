"""Find the address of a hub of data sets, whether it can be reached, and whether something of it lies on this machine.

Light: the kernel asks this while the worker imports evalscope, so that a missing hub is told within seconds.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from qwq_nb.errors import HubError

__all__ = ["has_copies", "hub_failure", "unreachable"]

_CONNECT_S = 3.0
"""Seconds for the first connection."""

_ANSWER_S = 5.0
"""Seconds for the first byte of an answer, and for what a name's resolution takes beyond the connection's time."""

_NOBODY = re.compile(rb"HTTP/[\d.]+ (50[234])\b")
"""The status of a gateway with nobody behind it, or of a hub under repair: its libraries would go on trying."""

_ENDPOINTS = {
    "huggingface": (("HF_ENDPOINT",), "https://huggingface.co"),
    "modelscope": (("MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"), "https://www.modelscope.cn"),
}
"""Variables that name a hub's address, as the hubs' own libraries read them, and the address without them."""


def unreachable(hub: str) -> str:
    """Return why the hub cannot be connected to, or does not answer; empty if it does. A proxy is asked for it.

    Takes `_CONNECT_S` and `_ANSWER_S` at most, name resolution included, whose own time-outs may be longer.
    """
    variables, usual = _ENDPOINTS[hub]
    url = next((os.environ[name].strip() for name in variables if os.environ.get(name, "").strip()), usual)
    address = urllib.parse.urlsplit(url if "://" in url else f"https://{url}")
    try:
        name, port = address.hostname or "", address.port or (80 if address.scheme == "http" else 443)
    except ValueError:
        return f"what {variables[0]} holds is no address"
    proxy = _proxy(address.scheme, name)

    def ask() -> None:
        said.append(_through(proxy, address.scheme, name, port) if proxy else _connected(address.scheme, name, port))

    said: list[str] = []
    thread = threading.Thread(target=ask, name="qwq-hub", daemon=True)
    thread.start()
    thread.join(_CONNECT_S + _ANSWER_S)
    return said[0] if said else f"no connection to {name}:{port} within {_CONNECT_S + _ANSWER_S:g} s"


def _connected(scheme: str, host: str, port: int) -> str:
    """Return why there is no connection or no answer; empty if any answer comes but a gateway's."""
    try:
        found = socket.create_connection((host, port), timeout=_CONNECT_S)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return f"no connection to {host}:{port} ({reason or type(error).__name__})"
    try:
        with found:
            found.settimeout(_ANSWER_S)
            stream = found
            if scheme == "https":
                # Nothing is sent that must be kept secret, and the libraries have certificates of their own.
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                stream = context.wrap_socket(found, server_hostname=host)
            stream.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode("ascii"))
            down = _NOBODY.match(stream.recv(100))
            return f"{host}:{port} answers HTTP {down[1].decode()}" if down else ""
    except TimeoutError:
        return f"no answer from {host}:{port} within {_ANSWER_S:g} s"
    except (OSError, UnicodeError):
        return ""  # there is somebody: what is wrong with it, the hub's library says
    return ""


def _proxy(scheme: str, host: str) -> str:
    """Return the proxy that the environment sets for a host; empty for none."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy or urllib.request.proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _through(proxy: str, scheme: str, host: str, port: int) -> str:
    """Return why a proxy cannot be connected to, or leads nowhere; empty if it answers, or is none of HTTP."""
    try:
        address = urllib.parse.urlsplit(proxy)
        usual = {"http": 80, "https": 443}.get(address.scheme, 1080)
        place = address.hostname or "", address.port or usual
    except ValueError:
        return "the proxy that the environment sets is no address"
    named = f"the proxy {place[0]}:{place[1]}, which the environment sets"  # without its user and password
    try:
        found = socket.create_connection(place, timeout=_CONNECT_S)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return f"no connection to {named} ({reason or type(error).__name__})"
    if address.scheme != "http":
        found.close()
        return ""
    asked = f"CONNECT {host}:{port}" if scheme == "https" else f"HEAD http://{host}:{port}/"
    try:
        with found:
            found.settimeout(_ANSWER_S)
            found.sendall(f"{asked} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode("ascii"))
            answer = found.recv(100)
    except TimeoutError:
        return f"no answer within {_ANSWER_S:g} s through {named}"
    except (OSError, UnicodeError):
        return ""
    gateway = _NOBODY.match(answer)
    return f"no connection to {host}:{port} through {named} (HTTP {gateway[1].decode()})" if gateway else ""


def has_copies(hub: str) -> bool:
    """Return whether any data set lies where the hub's library and evalscope keep what they loaded."""
    home = Path.home()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    evalscope = Path(os.environ.get("EVALSCOPE_CACHE") or home / ".cache" / "evalscope")
    folders = [evalscope / "datasets"]
    if hub == "huggingface":
        base = Path(os.environ.get("HF_HOME") or cache / "huggingface")
        folders += [Path(os.environ.get("HF_DATASETS_CACHE") or base / "datasets")]
        folders += [Path(os.environ.get("HF_HUB_CACHE") or base / "hub")]
    else:
        base = Path(os.environ.get("MODELSCOPE_CACHE") or home / ".cache" / "modelscope")
        folders += [base / "datasets", base / "hub" / "datasets"]
    return any(_holds_something(folder) for folder in folders)


def _holds_something(folder: Path) -> bool:
    try:
        return any(entry.is_dir() and not entry.name.startswith(".") for entry in folder.iterdir())
    except OSError:
        return False


def hub_failure(benchmark: str, data_set: str, hub: str, cause: str, fields: Iterable[str] = ()) -> HubError:
    """Return the error of a data set that could not be loaded from its hub, with what to do instead."""
    other = "huggingface" if hub == "modelscope" else "modelscope"
    what = f"the data set {data_set!r}" if data_set else "its data set"
    return HubError(
        f"{benchmark}: {what} could not be loaded from {hub}: {cause}. Try the other hub: --hub {other}, give its "
        f"records in a file of your own: --data PATH (JSONL, JSON, CSV or Parquet; fields: "
        f"{', '.join(fields) or 'as in the data set'}), or try the built-in problems: --demo."
    )
