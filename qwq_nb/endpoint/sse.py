"""Decode server-sent events incrementally, as chat completions use them (WHATWG HTML, section 9.2.6).

Only `data` fields are returned; comments and other fields are skipped. Lines may end in LF, CR or CRLF, and a line
or a character may be split anywhere between two reads. Bytes that are not UTF-8 become U+FFFD, as the standard says.
"""

from __future__ import annotations

from qwq_nb.endpoint.limits import EVENT_BYTES, BodyError

__all__ = ["EventDecoder"]

BOM = b"\xef\xbb\xbf"


class EventDecoder:
    """Decode bytes to the payloads of `data` events, each of `most` bytes at most.

    >>> d = EventDecoder()
    >>> d.feed(b'data: {"a"')
    []
    >>> d.feed(b': 1}\\n\\n: keep-alive\\n\\ndata: [DONE]\\n\\n')
    [b'{"a": 1}', b'[DONE]']
    """

    __slots__ = ("_at_start", "_data", "_held", "_most", "_parts", "_skip_lf", "started")

    def __init__(self, most: int = EVENT_BYTES) -> None:
        self._most = most
        self._held = 0
        """Bytes read since the last event that was complete, while one is not."""
        self._parts: list[bytes] = []
        self._data: list[bytes] = []
        self._skip_lf = False
        self._at_start = True
        self.started = False
        """True once a `data` or comment line was seen: tells an event stream from any other page."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the payloads that `chunk` completes, in order.

        Raises:
            BodyError: an event is larger than `most` bytes.
        """
        between = self.started and not self._parts and not self._data and not self._skip_lf
        if between and chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and b"\r" not in chunk:
            # The usual case: whole events of one line each.
            events = chunk[6:-2].split(b"\n\ndata: ")
            if chunk.count(b"\n") == 2 * len(events):
                return events
        if self._skip_lf and chunk:
            self._skip_lf = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._skip_lf = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in chunk:
            if chunk:
                self._parts.append(chunk)
                self._hold(self._held + len(chunk))
            return []
        size = len(chunk)
        if self._parts:
            self._parts.append(chunk)
            chunk = b"".join(self._parts)
            self._parts.clear()
        lines = chunk.split(b"\n")
        if lines[-1]:
            self._parts.append(lines[-1])
        del lines[-1]
        events = self._dispatch(lines)
        if self._parts or self._data:
            self._hold(size if events else self._held + size)
        else:
            self._held = 0
        return events

    def _hold(self, size: int) -> None:
        """Note the bytes of the event that is not complete; the size of the last read is counted whole."""
        self._held = size
        if size > self._most:
            raise BodyError(f"an event of its stream is larger than {self._most >> 20} MiB.", retryable=True)

    def _dispatch(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        data = self._data
        if self._at_start and lines:
            self._at_start = False
            lines[0] = lines[0].removeprefix(BOM)
        for line in lines:
            if not line:
                if data:
                    events.append(data[0] if len(data) == 1 else b"\n".join(data))
                    data.clear()
            elif line.startswith(b"data:"):
                self.started = True
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line[:1] == b":" or line.startswith((b"event:", b"id:", b"retry:")):
                self.started = True
            elif line == b"data":
                data.append(b"")
        return events

    def close(self) -> list[bytes]:
        """Return the last payload if it lacks only its blank line, which some servers leave out."""
        lines = [b"".join(self._parts)] if self._parts else []
        self._parts.clear()
        return self._dispatch([*lines, b""])
