"""Clips are checked before they are shown: a run may be a stranger's."""

from __future__ import annotations

import struct
import zlib

import pytest

from qwq_nb.core.clip_png import CLIP_BYTES, SIGNATURE, ClipFacts, NotAClip, read_clip, still_of

__all__ = ["apng"]


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def apng(frames: int = 3, size: tuple[int, int] = (4, 2), further: bytes = b"", noise: int = 0) -> bytes:
    """Return an animated PNG of grey frames, written here byte by byte."""
    width, height = size
    row = b"".join(b"\x00" + bytes(width) for _ in range(height))
    pixels = zlib.compress(row) + bytes(noise)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
    parts.append(chunk(b"acTL", struct.pack(">II", frames, 0)))
    number = 0
    for frame in range(frames):
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 10, 0, 0)))
        number += 1
        if frame:
            parts.append(chunk(b"fdAT", struct.pack(">I", number) + pixels))
            number += 1
        else:
            parts.append(chunk(b"IDAT", pixels))
    return SIGNATURE + b"".join(parts) + further + chunk(b"IEND", b"")


def test_a_clip_is_read() -> None:
    assert read_clip(apng()) == ClipFacts(4, 2, 3)


def test_its_first_frame_is_a_png_without_animation() -> None:
    still = still_of(apng())
    assert read_clip(still) == ClipFacts(4, 2, 1)
    assert b"acTL" not in still
    assert b"fdAT" not in still
    assert b"IDAT" in still


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg onload=alert(1)>",
        SIGNATURE,
        apng()[:-3],
        apng() + b"<script>",
        apng().replace(b"\x08\x00\x00", b"\x08\x02\x00", 1),
        apng(further=chunk(b"tEXt", b"Comment\x00<script>")),
        apng(further=chunk(b"iCCP", b"x")),
        apng(size=(641, 1)),
        apng(size=(0, 1)),
        apng(frames=401),
        apng(noise=CLIP_BYTES),
        SIGNATURE + chunk(b"IEND", b""),
        SIGNATURE + chunk(b"IHDR", b"short") + chunk(b"IEND", b""),
        SIGNATURE + b"\xff\xff\xff\xff" + b"IHDR" + bytes(100),
    ],
    ids=range(16),
)
def test_what_is_no_clip_is_refused(data: bytes) -> None:
    with pytest.raises(NotAClip):
        read_clip(data)
    with pytest.raises(NotAClip):
        still_of(data)
