"""Find the proxy that the environment sets for a URL, and name it without its password."""

from __future__ import annotations

import ipaddress
import re
import urllib.request
from urllib.parse import urlsplit

from qwq_nb.errors import one_line

__all__ = ["is_excluded", "proxy_for", "proxy_name", "through_proxy"]


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment sets for this URL; None if there is none or NO_PROXY excludes the host.

    A proxy without a scheme, as in `proxy:3128`, is one of HTTP, as curl takes it.
    """
    parts = urlsplit(url)
    proxies: dict[str, str] = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_excluded(url, proxies.get("no", "")) or urllib.request.proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def proxy_name(url: str) -> str:
    """Return host and port of the proxy that is used for this URL, without user and password; empty for none."""
    proxy = proxy_for(url)
    if not proxy:
        return ""
    return one_line(urlsplit(proxy).netloc.rpartition("@")[2], 200) or "that the environment sets"


def through_proxy(url: str) -> str:
    """Return the words on the proxy that is used for this URL, to stand behind it; empty for none."""
    proxy = proxy_name(url)
    return f", through the proxy {proxy}" if proxy else ""


def is_excluded(url: str, no_proxy: str) -> bool:
    """Return whether NO_PROXY, a list with commas or blanks, excludes a URL's host.

    An entry is `*`, a host, a domain (with or without a leading dot), an address or a network (`10.0.0.0/8`,
    `fd00::/8`); hosts and addresses may have a port, and IPv6 addresses brackets. The rules are curl's and Go's:
    urllib's own know neither networks nor IPv6.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return any(excludes(entry.lower(), host, port) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def excludes(entry: str, host: str, port: int | None) -> bool:
    """Return whether one entry of NO_PROXY excludes a host, both in small letters."""
    if entry == "*":
        return True
    address = address_of(host)
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d{1,5}))?(/\d{1,3})?", entry)
    if bracketed:
        name, wanted = bracketed[1] + (bracketed[3] or ""), bracketed[2]
    elif entry.count(":") == 1:
        name, _, wanted = entry.partition(":")
    else:
        name, wanted = entry, None
    if wanted and (not wanted.isdecimal() or int(wanted) != port):
        return False
    try:
        network = ipaddress.ip_network(name, strict=False)
    except ValueError:
        domain = name.removeprefix("*").strip(".")
        return bool(domain) and address is None and (host == domain or host.endswith(f".{domain}"))
    return address is not None and address.version == network.version and address in network


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host's address, of an IPv4 address within an IPv6 one the former; None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address
