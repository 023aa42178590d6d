"""Make the clip of a play from its frames: an animated PNG, small enough to stand in an output."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

from qwq_nb.core.clip_png import CLIP_BYTES

__all__ = ["clip_of"]

_FEW_BYTES: Final = 60_000
"""From here on a clip has fewer colours, and then fewer frames."""
_COLOURS: Final = (128, 32)


def clip_of(frames: Sequence[bytes], size: tuple[int, int], milliseconds: float) -> bytes:
    """Return an animated PNG of RGB frames of one size; empty where there is none, or it would be too large.

    `milliseconds`: how long each is shown. What differs is stored without loss while it is small: an image of few
    colours, as most games draw, is.
    """
    from PIL import Image

    images = [Image.frombytes("RGB", size, frame) for frame in frames]
    if not images:
        return b""
    made = _png(images, milliseconds)
    for colours in _COLOURS:
        if len(made) <= _FEW_BYTES:
            return made
        sheet = Image.new("RGB", (size[0], size[1] * min(8, len(images))))
        for number in range(min(8, len(images))):
            sheet.paste(images[number * len(images) // 8 if len(images) > 8 else number], (0, number * size[1]))
        palette = sheet.quantize(colours)
        made = _png([image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images], milliseconds)
    while len(made) > 4 * _FEW_BYTES and len(images) > 4:
        images, milliseconds = images[::2], 2 * milliseconds
        made = _png([image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images], milliseconds)
    return made if len(made) <= CLIP_BYTES else b""


def _png(images: Sequence[Any], milliseconds: float) -> bytes:
    file = io.BytesIO()
    images[0].save(
        file, "PNG", save_all=True, append_images=images[1:], duration=round(milliseconds), loop=0, optimize=False
    )
    return file.getvalue()
