"""Read the bodies of responses piece by piece, within the bounds of `limits`, compressed ones included.

Requests ask for no compression (`Accept-Encoding: identity`). A server that compresses all the same may use gzip or
deflate (RFC 9110, section 8.4.1), once: of these at most `STEP_BYTES` are decoded at a time, however far a few bytes
would expand. Anything else is refused.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable

import httpx

from qwq_nb.endpoint.limits import ERROR_BYTES, ERROR_SECONDS, STEP_BYTES, BodyError
from qwq_nb.endpoint.time_limit import TimeLimit
from qwq_nb.endpoint.transport import TRANSPORT_ERRORS

__all__ = ["Read", "first_bytes", "reader_of", "whole_body"]

Read = Callable[[], Awaitable[bytes]]
"""Returns the next bytes of a body as they arrive, and `b""` at its end."""

PLAIN = frozenset({"", "identity"})
ZLIB = frozenset({"gzip", "x-gzip", "deflate"})


def reader_of(response: httpx.Response) -> Read:
    """Return a function that reads the next bytes of a streamed body as they arrive, and returns `b""` at its end.

    It returns all that aiohttp's buffer holds at once: the four iterators that httpx and its transport put around it
    take a sixth of a chunk's CPU, and split what arrived together. It raises aiohttp's own exceptions.

    Raises:
        BodyError: the body is compressed in a way that is not read.
    """
    own = response.extensions.get("aiohttp")
    read: Read
    if own is not None:
        read = own.content.readany
    else:
        parts = response.aiter_raw()

        async def read() -> bytes:
            return await anext(parts, b"")

    said = response.headers.get("content-encoding", "").lower()
    codings = [coding.strip() for coding in said.split(",") if coding.strip() not in PLAIN]
    if not codings:
        return read
    if len(codings) > 1 or codings[0] not in ZLIB:
        raise BodyError(
            f"the body is compressed ({said[:60]!r}), although none was asked for, and only gzip and deflate are read: "
            f"turn compression off in the server or in the proxy before it."
        )
    return Decompressor(read, codings[0]).read


class Decompressor:
    """Decode a gzip or deflate body as it arrives, at most `STEP_BYTES` at a time."""

    def __init__(self, read: Read, coding: str) -> None:
        self._read = read
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._is_undecided = coding == "deflate"
        """Whether the first two bytes, which tell zlib's format from the bare one, have not come yet."""
        self._left = b""
        self._is_full = False
        """Whether the last step ended at its bound: zlib itself may hold more."""

    async def read(self) -> bytes:
        """Return the next decoded bytes; `b""` at the end of the body, or of the compressed data in it.

        Raises:
            BodyError: the data is not what the header says.
        """
        while not self._zlib.eof:
            if self._is_undecided or not (self._left or self._is_full):
                more = await self._read()
                if not more:
                    break
                self._left += more
            elif self._is_full:
                await asyncio.sleep(0)  # the other streams' turn: 100 KB may hold 100 MB
            if self._is_undecided and not self._decide():
                continue
            try:
                data = self._zlib.decompress(self._left, STEP_BYTES)
            except zlib.error as exc:
                raise BodyError(f"the compressed body is broken: {exc}", retryable=True) from None
            self._left = self._zlib.unconsumed_tail
            self._is_full = len(data) == STEP_BYTES
            if data:
                return data
        return b""

    def _decide(self) -> bool:
        """Choose the format of "deflate": zlib's (RFC 1950), or without its header, as some servers send it."""
        if len(self._left) < 2:
            return False
        has_header = self._left[0] & 15 == 8 and int.from_bytes(self._left[:2], "big") % 31 == 0
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        self._is_undecided = False
        return True


async def whole_body(
    read: Read, most: int, arrived: Callable[[int], None] = lambda size: None, opening: bytes = b""
) -> bytes:
    """Read a body to its end. `opening` was read before; `arrived` is called after each piece, with the size so far.

    Raises:
        BodyError: it has more than `most` bytes.
    """
    parts = [opening]
    size = len(opening)
    while part := await read():
        parts.append(part)
        size += len(part)
        if size > most:
            raise BodyError(f"the body is larger than {most >> 20} MiB.", retryable=True)
        arrived(size)
    return b"".join(parts)


async def first_bytes(response: httpx.Response, seconds: float = ERROR_SECONDS) -> bytes:
    """Return the beginning of an error page: what came of its first `ERROR_BYTES` in `seconds`, 30 at most.

    The status is known: a page that breaks off, never ends or cannot be decoded is no error of its own.
    """
    parts: list[bytes] = []
    size = 0
    try:
        read = reader_of(response)
        async with TimeLimit(min(seconds, ERROR_SECONDS), "the error page does not end"):
            while size < ERROR_BYTES and (part := await read()):
                parts.append(part[: ERROR_BYTES - size])
                size += len(part)
    except (*TRANSPORT_ERRORS, BodyError):
        pass
    return b"".join(parts)
