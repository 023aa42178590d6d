"""Read lines from several pipes at once: those of the worker's parent and its children.

`SelectorChannels` uses one thread, so that forking stays safe; `ThreadChannels` is for systems whose pipes cannot be
selected (Windows), where nothing forks.
"""

from __future__ import annotations

import contextlib
import os
import queue
import selectors
import threading
from typing import Protocol

__all__ = ["CODE_GRADER", "Channels", "LineReader", "SelectorChannels", "ThreadChannels", "write_all"]

CODE_GRADER = "code grader"
"""Name of the channel of the process that runs code."""
_BLOCK = 1 << 16

Event = tuple[str, bytes | None]
"""A channel's name and a line of it without its end; None: the other side has closed."""


class Channels(Protocol):
    """Define a source of lines from several named pipes."""

    def add(self, name: str, fd: int) -> None:
        """Begin to read a pipe's reading end, `fd`, under a name."""

    def remove(self, name: str) -> None:
        """Stop reading and close the pipe. Lines not yet returned are dropped."""

    def poll(self, timeout: float | None) -> list[Event]:
        """Return the lines that have arrived, after at most `timeout` seconds (None: without limit)."""

    def close(self) -> None:
        """Close all pipes (in a forked child, which must not hold its siblings' pipes open)."""


class LineReader:
    """Split blocks of bytes into whole lines. Long lines are joined once, not at every block."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, block: bytes) -> list[bytes]:
        """Return the lines that `block` completes, without their ends."""
        *lines, rest = block.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._parts, lines[0]])
            self._parts = []
        if rest:
            self._parts.append(rest)
        return lines


class SelectorChannels:
    """Read channels by `selectors`, in one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._fds: dict[str, int] = {}

    def add(self, name: str, fd: int) -> None:
        """Begin to read a pipe's reading end, `fd`, under a name."""
        self._fds[name] = fd
        self._selector.register(fd, selectors.EVENT_READ, (name, LineReader()))

    def remove(self, name: str) -> None:
        """Close a pipe. Lines not yet returned are dropped."""
        fd = self._fds.pop(name, None)
        if fd is not None:
            self._selector.unregister(fd)
            os.close(fd)

    def poll(self, timeout: float | None) -> list[Event]:
        """Return the lines that have arrived, after at most `timeout` seconds (None: without limit)."""
        events: list[Event] = []
        for key, _ in self._selector.select(timeout):
            name, reader = key.data
            block = os.read(key.fd, _BLOCK)
            events += [(name, line) for line in reader.feed(block)] if block else [(name, None)]
            if not block:
                self.remove(name)
        return events

    def close(self) -> None:
        """Close all pipes."""
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()
        self._selector.close()


class ThreadChannels:
    """Read channels by one thread per pipe."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[object, str, bytes | None]] = queue.SimpleQueue()
        self._current: dict[str, object] = {}

    def add(self, name: str, fd: int) -> None:
        """Begin to read a pipe's reading end, `fd`, under a name."""
        token = object()  # a descriptor's number may come again
        self._current[name] = token
        threading.Thread(target=self._read, args=(token, name, fd), daemon=True, name=f"read-{name}").start()

    def _read(self, token: object, name: str, fd: int) -> None:
        reader = LineReader()
        with contextlib.suppress(OSError):
            while block := os.read(fd, _BLOCK):
                for line in reader.feed(block):
                    self._queue.put((token, name, line))
        self._queue.put((token, name, None))
        os.close(fd)

    def remove(self, name: str) -> None:
        """Stop reading a pipe. Lines not yet returned are dropped."""
        # The reading thread ends with the other side; closing under its feet is undefined on Windows.
        self._current.pop(name, None)

    def poll(self, timeout: float | None) -> list[Event]:
        """Return the lines that have arrived, after at most `timeout` seconds (None: without limit)."""
        events: list[Event] = []
        with contextlib.suppress(queue.Empty):
            item = self._queue.get(timeout=timeout)
            while True:
                token, name, line = item
                if self._current.get(name) is token:
                    events.append((name, line))
                    if line is None:
                        self.remove(name)
                item = self._queue.get_nowait()
        return events

    def close(self) -> None:
        """Stop reading all pipes."""
        self._current.clear()


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`. Raises BrokenPipeError if the other side has closed."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
