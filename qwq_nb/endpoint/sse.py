"""Decode server-sent events incrementally, as chat completions use them (WHATWG HTML, section 9.2.6).

Only `data` fields are returned; comments and other fields are skipped. Lines may end in LF, CR or CRLF, and a line
or a character may be split anywhere between two reads. Bytes that are not UTF-8 become U+FFFD, as the standard says.

What servers do beside the standard is read, too, where the data of each event is JSON: one line end between two
events, events without data, and words that keep the connection alive (`is_keep_alive` says which).
"""

from __future__ import annotations

import re

from qwq_nb.endpoint.limits import EVENT_BYTES, BodyError

__all__ = ["BLANKS", "BOM", "EventDecoder", "begins_stream", "is_keep_alive"]

BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r\n"
FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
"""What the lines of a stream begin with."""
LONGEST_KEEP_ALIVE = 64
"""Bytes of a keep-alive at most."""

_WORDS = re.compile(r"[\w:.!-]+(?: [\w:.!-]+){0,3}")
_FAILURE = re.compile(
    r"err|fail|fault|exce|abort|cancel|crash|denied|forbid|unauth|refus|reject|invalid|limit|overload|unavail|timeout"
    r"|timed|memory|busy|quota|\b[45]\d\d\b",
    re.IGNORECASE,
)


def is_keep_alive(data: bytes) -> bool:
    """Return whether the data of an event, which is no chunk, only keeps the connection alive: it is passed over.

    So are nothing at all, an empty list, and up to four plain words of 64 bytes at most (`ping`, `keep-alive`,
    `OPENROUTER PROCESSING`, a number), of letters, digits and `_ - : . !`, also as a JSON string. A word that tells of
    a failure is none, and neither is anything else with braces, brackets, quotes or bytes that are not UTF-8: the rest
    of a torn chunk has those, and what was lost with it cannot be known.
    """
    try:
        text = data.strip(BLANKS).decode()
    except UnicodeDecodeError:
        return False
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    if text in ("", "[]"):
        return True
    return len(data) <= LONGEST_KEEP_ALIVE and bool(_WORDS.fullmatch(text)) and not _FAILURE.search(text)


def begins_stream(data: bytes) -> bool | None:
    """Return whether a body that begins with `data`, blanks left out, is an event stream.

    False: it is JSON. None: the bytes say neither, and the content type must.
    """
    if any(data.startswith(field) or field.startswith(data) for field in FIELDS if data):
        return True
    return False if data.startswith(b"{") else None


class EventDecoder:
    """Decode bytes to the payloads of `data` events, each of `most` bytes at most.

    `is_json`: each payload is one JSON object, or `[DONE]`. Then one line end is enough between two events: no JSON
    has `}` at the end of a line and `{` or `[` at the beginning of the next.

    >>> d = EventDecoder()
    >>> d.feed(b'data: {"a"')
    []
    >>> d.feed(b': 1}\\n\\n: keep-alive\\n\\ndata: [DONE]\\n\\n')
    [b'{"a": 1}', b'[DONE]']
    """

    __slots__ = ("_at_start", "_by_line", "_data", "_held", "_is_json", "_most", "_parts", "_skip_lf", "started")

    def __init__(self, most: int = EVENT_BYTES, *, is_json: bool = False) -> None:
        self._most = most
        self._is_json = is_json
        self._by_line = False
        """Whether two events with one line end between them were seen."""
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
                value = line[6:] if line[5:6] == b" " else line[5:]
                if self._is_json and (data or self._by_line):
                    self._add_json(value, events)
                else:
                    data.append(value)
            elif line[:1] == b":" or line.startswith((b"event:", b"id:", b"retry:")):
                self.started = True
            elif line == b"data":
                data.append(b"")
        return events

    def _add_json(self, value: bytes, events: list[bytes]) -> None:
        """Add a line of data to the present event, or end that and begin another."""
        data, bare = self._data, value.strip(BLANKS)
        first, last = bare[:1], bare[-1:]
        if first and first in b"{[" and b"".join(data[-2:]).rstrip(BLANKS).endswith(b"}"):
            self._by_line = True
            events.append(b"\n".join(data))
            data.clear()
        if self._by_line and not data and first + last in (b"{}", b"[]"):
            events.append(value)  # without waiting for the next one, which may not come
        else:
            data.append(value)

    def close(self) -> list[bytes]:
        """Return the last payload if it lacks only its blank line, which some servers leave out."""
        lines = [b"".join(self._parts)] if self._parts else []
        self._parts.clear()
        return self._dispatch([*lines, b""])
