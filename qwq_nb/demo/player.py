"""Send the steps of a response on its connection, at a pace."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterable

from aiohttp import web

from qwq_nb.demo.fault_steps import Cut, Pause, Step

__all__ = ["play", "sever"]

BATCH_BYTES = 16 * 1024
"""Events are joined up to this size, then written at once; after each write the other streams have their turn."""

MIN_SLEEP = 0.004
"""Shortest sleep of a paced stream, in seconds: above 250 chunks/s several chunks share one write. No chunk is early.
"""

_FLUSH_SECONDS = 2.0
_DELIVERY_SECONDS = 0.05


async def play(
    request: web.Request, response: web.StreamResponse, steps: Iterable[Step], rate: float, ttft: float
) -> bool:
    """Send `steps` through the prepared `response`: the first after `ttft` seconds, then `rate` chunks a second.

    0 means unpaced. The schedule is absolute: a late chunk does not delay the following ones. Returns False if a step
    cut the connection.

    Raises:
        ConnectionError: the client has gone.
    """
    now = asyncio.get_running_loop().time
    start, sent = now() + ttft, 0
    batch: list[bytes] = []
    size = 0
    paced = bool(rate or ttft)
    for step in steps:
        if isinstance(step, tuple):
            if paced:
                ahead = start + (sent / rate if rate else 0.0) - now()
                if ahead > 0:
                    await _flush(response, batch)
                    size = 0
                    await asyncio.sleep(max(ahead, MIN_SLEEP))
            data, weight = step
            sent += weight
            batch.append(data)
            size += len(data)
            if size >= BATCH_BYTES:
                await _flush(response, batch)
                size = 0
                await asyncio.sleep(0)
        else:
            await _flush(response, batch)
            size = 0
            if isinstance(step, Cut):
                await _delivered(request)
                sever(request, reset=step.reset)
                return False
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
    await _flush(response, batch)
    return True


async def _flush(response: web.StreamResponse, batch: list[bytes]) -> None:
    if batch:
        await response.write(b"".join(batch))
        batch.clear()


async def _delivered(request: web.Request) -> None:
    """Wait until the client has what was sent: a reset would discard what is still in a buffer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _FLUSH_SECONDS
    while (transport := request.transport) and transport.get_write_buffer_size() and loop.time() < deadline:
        await asyncio.sleep(MIN_SLEEP)
    await asyncio.sleep(_DELIVERY_SECONDS)


def sever(request: web.Request, *, reset: bool) -> None:
    """End the connection below HTTP: with TCP RST, or with FIN."""
    transport = request.transport
    if transport is None:
        return
    if reset:
        # Closing a socket that lingers for no time resets the connection.
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()
