"""Check an animated PNG that is to be shown, and take its first frame out of it. Pure.

Read by the PNG specification, third edition (W3C 2025), which has APNG. A clip may be a stranger's: only chunks that a
clip of ours has are let through, each with its checksum, and sizes are limited.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["CLIP_BYTES", "MOST_SIDE", "ClipFacts", "NotAClip", "read_clip", "still_of"]

CLIP_BYTES: Final = 1_000_000
"""Bytes of a clip at most."""
MOST_SIDE: Final = 640
MOST_FRAMES: Final = 400

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KNOWN: Final = (b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"IDAT", b"fdAT", b"IEND")
_STILL: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


class NotAClip(ValueError):
    """Report that a file is no clip of ours."""


class ClipFacts(NamedTuple):
    """Hold a clip's size in pixels, and its frames."""

    width: int
    height: int
    frames: int


def read_clip(data: bytes) -> ClipFacts:
    """Check a clip, and return its facts.

    Raises:
        NotAClip: it is no PNG, is damaged, is too large, or has parts that no clip of ours has.
    """
    if len(data) > CLIP_BYTES:
        raise NotAClip(f"it has {len(data):,} bytes, and at most {CLIP_BYTES:,} are shown")
    width = height = frames = 0
    names: list[bytes] = []
    pixels = 0
    for name, content, _ in _chunks(data):
        if name == b"IHDR" and len(content) == 13 and not names:
            width, height = struct.unpack(">II", content[:8])
        elif name == b"acTL" and len(content) == 8:
            frames = struct.unpack(">I", content[:4])[0]
        elif name == b"IDAT":
            pixels += len(content)
        names.append(name)
    if names[:1] != [b"IHDR"] or names[-1] != b"IEND" or names.count(b"IHDR") != 1 or not pixels:
        raise NotAClip("its parts are not those of a PNG")
    frames = frames if b"acTL" in names else 1
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE and 0 < frames <= MOST_FRAMES):
        raise NotAClip(f"it has {width:,} × {height:,} pixels and {frames:,} frames, which is too much")
    return ClipFacts(width, height, frames)


def still_of(data: bytes) -> bytes:
    """Return the first frame of a clip as a PNG. Raises NotAClip."""
    read_clip(data)
    return SIGNATURE + b"".join(whole for name, _, whole in _chunks(data) if name in _STILL)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the name, the content and the whole of each chunk. Raises NotAClip."""
    if not data.startswith(SIGNATURE):
        raise NotAClip("it is no PNG")
    at = len(SIGNATURE)
    while at < len(data):
        if at + 12 > len(data):
            raise NotAClip("it is cut off")
        length = struct.unpack(">I", data[at : at + 4])[0]
        end = at + 12 + length
        name, content = data[at + 4 : at + 8], data[at + 8 : end - 4]
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            raise NotAClip("it is damaged")
        if name not in _KNOWN:
            raise NotAClip("it has parts that no clip has")
        yield name, content, data[at:end]
        at = end
        if name == b"IEND" and at != len(data):
            raise NotAClip("something follows its end")
