"""Read single files out of a wheel, which is a zip archive, without unpacking or importing anything.

What is read is bounded: the size of the archive's list of files, and of each file as it is decompressed.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

from qwq_nb.bench.regular_file import read_regular, size_text
from qwq_nb.errors import DataError

__all__ = ["is_archive", "matching_files"]

LARGEST_LIST = 8 << 20
"""Bytes of an archive's list of files. That of bfcl-eval's wheel, with 300 files, has 30 kB."""
LARGEST_MEMBER = 64 << 20
"""Bytes of one file in it, decompressed. The largest that is read here has 0.4 MB."""

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x07"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    ValueError,
    RuntimeError,
)
"""What a damaged, encrypted or otherwise packed file meets."""


def is_archive(file: Path) -> bool:
    """Return whether a file is named as a wheel or a zip archive."""
    return file.suffix.lower() in (".whl", ".zip")


def matching_files(file: Path, pattern: re.Pattern[str]) -> dict[str, bytes]:
    """Return the content of the archive's files whose whole path matches, by path.

    Raises DataError: it is no archive that can be read, or too large.
    """
    raw = read_regular(file)
    _check_list(file, raw)
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for member in archive.infolist():
                if pattern.fullmatch(member.filename) and member.filename not in found:
                    with archive.open(member) as stream:
                        content = stream.read(LARGEST_MEMBER + 1)
                    if len(content) > LARGEST_MEMBER:
                        raise DataError(
                            f"{file}: {member.filename} has more than {size_text(LARGEST_MEMBER)} unpacked, the most "
                            "that is read."
                        )
                    found[member.filename] = content
    except DataError:
        raise
    except _BROKEN as error:
        raise DataError(f"{file}: not a wheel that can be read: {str(error) or type(error).__name__}.") from None
    return found


def _check_list(file: Path, raw: bytes) -> None:
    """Check the size of the list of files at the archive's end, which is read as a whole. Raises DataError."""
    tail = raw[-(1 << 16) - 22 :]
    start = tail.rfind(_END)
    if start < 0 or len(tail) - start < 22:
        raise DataError(f"{file} is no wheel (a zip archive): its end is missing.")
    (size,) = struct.unpack_from("<I", tail, start + 12)
    if size > LARGEST_LIST or _END_64 in tail[max(0, start - 20) : start]:
        raise DataError(f"{file}: its list of files has more than {size_text(LARGEST_LIST)}, the most that is read.")
