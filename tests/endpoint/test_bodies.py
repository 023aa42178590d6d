"""Bodies read piece by piece: compressed ones in small steps, whole ones up to a size."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import zlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.bodies import first_bytes, reader_of, whole_body
from qwq_nb.endpoint.limits import ERROR_BYTES, STEP_BYTES, BodyError
from tests.support.chat_completions import chunk, completion_of_bytes, response

TEXT = b"data: Sch\xc3\xb6n. \n\n" * 50


class Pieces(httpx.AsyncByteStream):
    """A body in these pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        for piece in self.pieces:
            yield piece


def read(pieces: list[bytes], coding: str = "", most: int = 1 << 30) -> bytes:
    """The whole body of a response in these pieces."""
    headers = {"Content-Encoding": coding} if coding else {}
    return asyncio.run(whole_body(reader_of(httpx.Response(200, headers=headers, stream=Pieces(pieces))), most))


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "X-GZIP": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "Deflate": bare(TEXT),
    "identity, gzip": gzip.compress(TEXT),
}


@pytest.mark.parametrize("coding", PACKED)
@given(cuts=st.lists(st.integers(0, 900), max_size=5))
def test_any_cut_of_a_compressed_body_gives_the_same_text(coding: str, cuts: list[int]) -> None:
    data = PACKED[coding]
    marks = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(marks) if a < b]
    assert read(pieces, coding) == TEXT


def test_a_compressed_stream_is_shown_as_it_arrives() -> None:
    """What a server flushes can be read before the next bytes come."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    pieces = [packer.compress(b"data: one\n\n") + packer.flush(zlib.Z_SYNC_FLUSH), packer.compress(b"x")]

    async def first() -> bytes:
        headers = {"Content-Encoding": "gzip"}
        return await reader_of(httpx.Response(200, headers=headers, stream=Pieces(pieces)))()

    assert asyncio.run(first()) == b"data: one\n\n"


def test_a_few_bytes_are_decoded_step_by_step() -> None:
    data = gzip.compress(b" " * (5 * STEP_BYTES + 7))
    sizes: list[int] = []
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def steps() -> None:
        other = asyncio.create_task(others())
        step = reader_of(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces([data])))
        while part := await step():
            sizes.append(len(part))
        other.cancel()

    asyncio.run(steps())
    assert sizes == [STEP_BYTES] * 5 + [7]
    assert turns >= 4, "other streams have their turn between two steps"


@pytest.mark.parametrize("data", [b"not compressed", gzip.compress(TEXT)[:-8] + b"\xff" * 8])
def test_broken_compression_may_pass(data: bytes) -> None:
    with pytest.raises(BodyError, match="broken") as caught:
        read([data], "gzip")
    assert caught.value.retryable


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip,deflate", "compress", "unheard-of"])
def test_other_compression_is_refused(coding: str) -> None:
    with pytest.raises(BodyError, match="only gzip and deflate") as caught:
        read([b"x"], coding)
    assert not caught.value.retryable


def test_a_whole_body_has_a_size() -> None:
    assert read([b"abc", b"def"], most=6) == b"abcdef"
    with pytest.raises(BodyError, match="larger than"):
        read([b"abc", b"defg"], most=6)


def test_an_error_page_is_read_to_a_size() -> None:
    page = httpx.Response(500, stream=Pieces([b"a" * 15_000] * 3))
    assert asyncio.run(first_bytes(page)) == b"a" * ERROR_BYTES


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_an_answer_compressed_unasked_is_read(coding: str) -> None:
    stream = chunk(content="Fine.") + b"\n\n" + chunk("stop") + b"\n\n"
    packed = gzip.compress(stream) if coding == "gzip" else zlib.compress(stream)
    assert completion_of_bytes(response(packed, extra=f"Content-Encoding: {coding}\r\n")).answer == "Fine."
