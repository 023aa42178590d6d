"""Prepare the records of code benchmarks: tests decoded, checked, and taken out of samples and records.

Independent of evalscope: its adapters make samples of the records between `prepared` and `hide_tests`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.bench.code.catalog import CODE
from qwq_nb.bench.code.private_tests import UnsafeTests, decode_tests
from qwq_nb.bench.code.tests import TESTS, IoTests, io_tests, kept
from qwq_nb.core.records import Sample

__all__ = [
    "PUBLIC_ONLY",
    "bare_record",
    "facts_of_tests",
    "for_evalscope",
    "hide_tests",
    "prepare_record",
    "public_note",
    "without_tests",
]

PUBLIC_ONLY: Final = "qwq_public_only"
"""Key of a sample's metadata that is True where its record has no private tests."""

_LIVE_CODE_BENCH: Final = "live_code_bench"
_JSON_FIELDS: Final = ("public_test_cases", "metadata")
_PRIVATE: Final = "private_test_cases"
_MADE: Final = ("evaluation_sample", "format_prompt")
"""What evalscope's loader adds to a record."""
_KEPT: Final = ("platform", "difficulty", "contest_date")
"""Of a record of LiveCodeBench, for tables by them."""


def prepare_record(benchmark: str, record: dict[str, Any]) -> None:
    """Decode the tests of a record in place, so that evalscope need not, which would unpickle them.

    Raises:
        UnsafeTests: they are no tests; the message names the field.
    """
    if benchmark != _LIVE_CODE_BENCH:
        return
    for field in _JSON_FIELDS:
        if field in record and not isinstance(record[field], str):
            record[field] = json.dumps(record[field])
    if _PRIVATE not in record:
        return
    packed = record[_PRIVATE]
    try:
        tests = decode_tests(packed if isinstance(packed, str) else json.dumps(packed))
    except UnsafeTests as error:
        raise UnsafeTests(f"the field {_PRIVATE!r}: {error}") from None
    record[_PRIVATE] = json.dumps(tests)


def hide_tests(benchmark: str, folder: Path, metadata: dict[str, Any], record: dict[str, Any]) -> None:
    """Write the tests of a sample below `folder`, and note their hash in its metadata, in place.

    The tests stay there until the prompt is made, but for LiveCodeBench's: see `without_tests`.

    Raises:
        UnsafeTests: the problem has none, or not as many outputs as inputs; the message names the field.
        DataError: they cannot be written.
    """
    hidden = {name: metadata[name] for name in CODE[benchmark].metadata if name in metadata}
    _check(benchmark, hidden)
    if benchmark == _LIVE_CODE_BENCH:
        del metadata["evaluation_sample"]  # at once: all problems' tests may be gigabytes
        metadata.update({name: str(record[name]) for name in _KEPT if record.get(name)})
        metadata[PUBLIC_ONLY] = record.get(_PRIVATE) in (None, "[]")
    metadata[TESTS] = kept(folder, hidden)


def without_tests(benchmark: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return a sample's metadata without tests, once its prompt is made: MBPP's holds some of them."""
    fields = CODE[benchmark].metadata if benchmark in CODE else ()
    return {name: value for name, value in metadata.items() if name not in fields}


def bare_record(benchmark: str, record: dict[str, Any], digest: str) -> dict[str, Any]:
    """Return a raw record for a run's data: with the hash of its tests in their place.

    The fields stay, empty: evalscope's adapter reads them.
    """
    fields = CODE[benchmark]
    return {**{k: v for k, v in record.items() if k not in _MADE}, **fields.record, TESTS: digest}


def for_evalscope(benchmark: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as a run's data holds it, so that evalscope's reader of JSON leaves the contest's date a text.

    That reader takes `2024-09-01T00:00:00` for a time stamp, which evalscope cannot filter by; Python's reader of ISO
    dates allows any character between day and hour.
    """
    day = record.get("contest_date")
    if benchmark != _LIVE_CODE_BENCH or not isinstance(day, str):
        return record
    return {**record, "contest_date": f"{day[:10]}_{day[11:]}" if day[10:11] in ("T", " ") else day}


def _check(benchmark: str, hidden: dict[str, Any]) -> None:
    if benchmark == _LIVE_CODE_BENCH:
        try:
            tests: IoTests = io_tests(hidden)
        except msgspec.ValidationError as error:
            raise UnsafeTests(f"the field 'public_test_cases': {error}") from None
        if not tests.inputs:
            raise UnsafeTests("the field 'public_test_cases': the problem has no tests")
        if tests.fn_name is not None:
            _check_values(tests)
        return
    if not any(str(value).strip(" []") for value in hidden.values()):
        raise UnsafeTests("the field 'test': the problem has no tests")


def _check_values(tests: IoTests) -> None:
    """Check that a function's arguments and values are JSON: a fault of the data must not count as the answer's."""
    try:
        for given, expected in zip(tests.inputs, tests.outputs, strict=True):
            for line in given.split("\n"):
                json.loads(line)
            json.loads(expected)
    except (ValueError, RecursionError) as error:
        raise UnsafeTests(f"a test of the function {tests.fn_name!r} is no JSON: {error}") from None


def facts_of_tests(samples: Sequence[Sample]) -> str:
    """Return in words which tests the problems have: `public samples only`, or empty where it is all of them."""
    public = sum(bool(sample.metadata.get(PUBLIC_ONLY)) for sample in samples)
    if not public:
        return ""
    return "public samples only" if public == len(samples) else f"public samples only for {public} of {len(samples)}"


def public_note(benchmark: str, samples: Sequence[Sample]) -> str:
    """Say that problems are graded on their public samples alone; empty where none is."""
    public = sum(bool(sample.metadata.get(PUBLIC_ONLY)) for sample in samples)
    if not public:
        return ""
    which = "its" if public == len(samples) else f"{public} of {len(samples)} of its"
    return (
        f"{benchmark}: public samples only. This data has no private tests for {which} problems: answers are graded on "
        f"the samples that stand in the problems' texts. The score is no LiveCodeBench score, and higher than one."
    )
