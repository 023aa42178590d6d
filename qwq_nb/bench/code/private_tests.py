"""Decode LiveCodeBench's private tests without running what a data file holds.

They are a JSON list, or base64 of zlib of a pickled string that is one. Unpickling foreign data runs code of it: here
only a string is accepted, and nothing is imported or called.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import zlib
from typing import Any, Final, NoReturn

__all__ = ["LARGEST", "UnsafeTests", "decode_tests", "loads_text"]

LARGEST: Final = 1 << 30
"""Bytes of the tests of one problem, unpacked. The largest of LiveCodeBench's are below 200 MB."""


class UnsafeTests(ValueError):
    """Report private tests that are neither JSON nor a pickled string of it."""


class _TextUnpickler(pickle.Unpickler):
    """Accept what needs no class and no function: a string, or other plain values, which are refused afterwards."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise UnsafeTests(f"they are a pickle that would import {module}.{name}, which no tests need: it is not run")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise UnsafeTests("they are a pickle with a reference to another object: it is not followed")


def loads_text(pickled: bytes) -> str:
    """Return the string that a pickle holds. Raises UnsafeTests if it holds anything else."""
    try:
        found = _TextUnpickler(io.BytesIO(pickled)).load()
    except UnsafeTests:
        raise
    except Exception as error:  # a torn or made-up pickle raises whatever its opcodes run into
        raise UnsafeTests(f"they are no pickled text ({type(error).__name__})") from None
    if not isinstance(found, str):
        raise UnsafeTests(f"they are a pickled {type(found).__name__}, not a text")
    return found


def decode_tests(packed: str) -> list[dict[str, Any]]:
    """Return the tests in a record's field: a JSON list, or a packed one.

    Raises:
        UnsafeTests: they are neither, or more than `LARGEST` bytes.
    """
    try:
        found = json.loads(packed)
    except (ValueError, RecursionError):
        found = _listed(_unpacked(packed))
    if not isinstance(found, list) or not all(
        isinstance(test, dict) and isinstance(test.get("input"), str) and isinstance(test.get("output"), str)
        for test in found
    ):
        raise UnsafeTests("they are no list of tests with `input` and `output` as text")
    return found


def _listed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnsafeTests(f"what they unpack to is no JSON ({error})") from None


def _unpacked(packed: str) -> str:
    try:
        data = base64.b64decode(packed.encode("ascii"), validate=True)
        unpack = zlib.decompressobj()
        pickled = unpack.decompress(data, LARGEST)
    except (ValueError, binascii.Error, zlib.error, UnicodeEncodeError):
        raise UnsafeTests("they are neither JSON nor base64 of a zlib stream") from None
    if unpack.unconsumed_tail or not unpack.eof:
        raise UnsafeTests(f"they unpack to more than {LARGEST >> 30} GB, or are torn")
    return loads_text(pickled)
