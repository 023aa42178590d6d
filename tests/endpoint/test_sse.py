"""Server-sent events: whatever the cuts between two reads, the payloads are those of the whole stream."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwq_nb.endpoint.limits import BodyError
from qwq_nb.endpoint.sse import EventDecoder, begins_stream, is_keep_alive

BOM = b"\xef\xbb\xbf"


def reference(stream: bytes) -> list[bytes]:
    """The payloads of a whole stream, by the letter of the standard, and the last event even without its blank line."""
    events: list[bytes] = []
    buffer = b""
    for line in [*re.split(rb"\r\n|\n|\r", stream.removeprefix(BOM)), b""]:
        field, _, value = line.partition(b":")
        if not line and buffer:
            events.append(buffer[:-1])
            buffer = b""
        elif line and field == b"data":
            buffer += value.removeprefix(b" ") + b"\n"
    return events


def decode(pieces: list[bytes]) -> list[bytes]:
    decoder = EventDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close()


def cut_at(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(stream) + 1) for place in places})
    return [stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)], strict=True)]


LINE_ENDS = [b"\n", b"\r", b"\r\n"]
LINES = [
    b'data: {"a": 1}',
    b"data:tight",
    b"data:  two spaces",
    b"data:",
    b"data",
    b"data: [DONE]",
    b"data: \xe5\x97\xaf \xff\xfe",
    b"data : not this field",
    b"dat",
    b"DATA: nor this",
    b": keep-alive",
    b":",
    b"event: message",
    b"id: 7",
    b"retry: 10",
    b"",
    BOM,
]
streams = st.builds(
    lambda bom, lines, last: bom + b"".join(line + end for line, end in lines) + last,
    st.sampled_from([b"", BOM]),
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(LINE_ENDS)), max_size=30),
    st.sampled_from([b"", *LINES]),
)


@given(streams, st.lists(st.integers(0, 2000), max_size=12))
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 9, 10])
@example(BOM + b"data: a\n\n", [1, 2])
@example(b"data: a\rdata: b\r\r", [])
def test_the_cuts_do_not_matter(stream: bytes, places: list[int]) -> None:
    assert decode(cut_at(stream, places)) == reference(stream)


@given(st.binary(max_size=200) | st.text("data: \r\n\x00x", max_size=60).map(str.encode), st.integers(1, 5))
def test_any_bytes_in_pieces_of_any_size(stream: bytes, size: int) -> None:
    assert decode([stream[i : i + size] for i in range(0, len(stream), size)]) == reference(stream)


@pytest.mark.parametrize("end", LINE_ENDS)
def test_every_line_end_byte_by_byte(end: bytes) -> None:
    stream = end.join([b": hello", b"data: one", b"", b"data: two", b"data: lines", b"", b""])
    assert decode([bytes([byte]) for byte in stream]) == [b"one", b"two\nlines"]


def test_an_event_is_given_out_as_soon_as_its_blank_line_is_there() -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\ndata: b") == [b"a"]
    assert decoder.feed(b"\r\r") == [b"b"]
    assert decoder.close() == []


@pytest.mark.parametrize(
    ("page", "started"),
    [(b"<html></html>\n", False), (b'{"data": 1}\n', False), (b": ping\n", True), (b"event: x\n", True)],
)
def test_whether_it_is_an_event_stream_at_all(page: bytes, started: bool) -> None:
    decoder = EventDecoder()
    decoder.feed(page)
    assert decoder.started is started


@pytest.mark.parametrize("piece", [b"data: " + b"a" * 10, b"data: a\n", b"data: a\r", b"a", b": aaaa"])
def test_an_event_without_end_is_not_kept(piece: bytes) -> None:
    decoder = EventDecoder(1000)
    with pytest.raises(BodyError, match="an event of its stream is larger than"):
        list(map(decoder.feed, [piece] * 1001))


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("size", [1, 7, 400])
def test_events_of_their_size_pass_however_many(end: bytes, size: int) -> None:
    """The bound is of one event, not of the stream; comments are none."""
    stream = (b"data: " + b"a" * 300 + end + b": " + b"b" * 100 + end) * 20
    decoder = EventDecoder(1000)
    events = [event for i in range(0, len(stream), size) for event in decoder.feed(stream[i : i + size])]
    assert events == [b"a" * 300] * 20


# -- what servers do beside the standard ---------------------------------------------------------------------------

CHUNKS = [{"a": "hm", "b": [{"c": {}}]}, {"a": "}\n{", "b": []}, {}, {"a": {"b": "{"}}]


def json_events(stream: bytes, size: int) -> list[bytes]:
    decoder = EventDecoder(is_json=True)
    events = [event for i in range(0, len(stream), size) for event in decoder.feed(stream[i : i + size])]
    return events + decoder.close()


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize("has_gap", [True, False])
@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize("indent", [None, 0, 1])
def test_one_line_end_between_two_events_is_enough_where_they_are_json(
    end: bytes, has_gap: bool, size: int, indent: int | None
) -> None:
    """However each of them is laid out, over several lines too, with a blank line between them and without."""
    events = [*(json.dumps(chunk, indent=indent).encode() for chunk in CHUNKS), b"[DONE]"]
    gap = end if has_gap else b""
    stream = b"".join(b"".join(b"data: " + line + end for line in event.split(b"\n")) + gap for event in events)
    found = json_events(stream, size)
    assert found.pop() == b"[DONE]"
    assert [json.loads(event) for event in found] == CHUNKS


def test_such_an_event_is_given_out_before_the_next_one_comes() -> None:
    decoder = EventDecoder(is_json=True)
    assert decoder.feed(b'data: {"a": 1}\n') == []
    assert decoder.feed(b'data: {"a": 2}\n') == [b'{"a": 1}', b'{"a": 2}']
    assert decoder.feed(b'data: {"a": 3}\n') == [b'{"a": 3}']
    assert decoder.feed(b"data: [DONE]\n") == [b"[DONE]"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"ping",
        b"keep-alive",
        b": heartbeat",
        b"OPENROUTER PROCESSING",
        b"1764072000",
        b"null",
        b"pong\t",
        b'"ping"',
        b'""',
        b"[]",
    ],
)
def test_plain_words_keep_alive(data: bytes) -> None:
    assert is_keep_alive(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"id": "chatcmpl-',
        b'"therefore"}}]}',
        b"[1]",
        b"[ping]",
        b"<html>",
        b"therefore, the sum",
        b"five words are too many",
        b"w" * 65,
        b"Internal Server Error",
        b"out of memory",
        b"request timed out",
        b"502 Bad Gateway",
        b"\xff\xfe",
        b"it's",
    ],
)
def test_what_may_be_part_of_a_chunk_or_tells_of_a_failure_does_not(data: bytes) -> None:
    assert not is_keep_alive(data)


@pytest.mark.parametrize(
    ("data", "is_stream"),
    [
        (b"data: {}", True),
        (b"d", True),
        (b": ping", True),
        (b"event", True),
        (b"retry: 1", True),
        (b'{"choices"', False),
        (b"", None),
        (b"<html>", None),
        (b"[1]", None),
        (b"dates", None),
    ],
)
def test_how_a_body_begins(data: bytes, is_stream: bool | None) -> None:
    assert begins_stream(data) is is_stream
