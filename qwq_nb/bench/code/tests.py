"""Keep the tests of problems in files of their own, named by a hash: samples, runs and requests hold only the hash.

They lie below the prompt cache, readable by this user alone. A test file that was deleted is written again when the
benchmark is loaded anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.core.records import Sample
from qwq_nb.errors import DataError

__all__ = ["TESTS", "IoTests", "all_there", "io_tests", "kept", "restored", "tests_file", "tests_hash"]

TESTS: Final = "qwq_tests"
"""Key of a sample's metadata under which the hash of its tests stands."""


class IoTests(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the tests of one LiveCodeBench problem: texts that go in, texts that must come out."""

    inputs: list[str]
    outputs: list[str]
    fn_name: str | None = None
    """The function that is called with each input's lines as JSON; None: a program that reads standard input."""


def io_tests(hidden: Mapping[str, Any]) -> IoTests:
    """Return the tests of a LiveCodeBench problem. Raises msgspec.ValidationError if they are of another form."""
    return msgspec.json.decode(str(hidden["evaluation_sample"]), type=IoTests)


def tests_hash(hidden: Mapping[str, Any]) -> str:
    """Return the MD5 of tests; of LiveCodeBench's the one that QwQ's authors publish.

    Theirs is `md5(json.dumps({"input_output": json.dumps({"inputs", "outputs", "fn_name"})}))`: eval/data/
    livecodebench_v5.jsonl of QwenLM/QwQ.
    """
    if set(hidden) == {"evaluation_sample"}:
        text = json.dumps({"input_output": hidden["evaluation_sample"]})
    else:
        text = json.dumps(dict(hidden), sort_keys=True, default=str)
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def tests_file(folder: Path, digest: str) -> Path:
    """Return the path of the tests with a hash, below the cache's `folder`."""
    return folder / "tests" / digest[:2] / f"{digest}.json"


def kept(folder: Path, hidden: Mapping[str, Any]) -> str:
    """Write tests below `folder` unless they are there, and return their hash.

    Raises:
        DataError: they cannot be written.
    """
    digest = tests_hash(hidden)
    target = tests_file(folder, digest)
    if target.exists():
        return digest
    try:
        target.parent.parent.mkdir(parents=True, exist_ok=True)
        os.chmod(target.parent.parent, 0o700)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".tests-", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
                json.dump(dict(hidden), file, default=str)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise DataError(
            f"The tests of the problems cannot be written to {target.parent.parent}: {error.strerror or error}. "
            f"QWQ_NB_CACHE names another folder for them."
        ) from None
    return digest


def restored(folder: Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sample's metadata with its tests, as evalscope's adapter made it.

    Raises:
        DataError: the file of the tests is gone, or was changed.
    """
    digest = str(metadata.get(TESTS, ""))
    target = tests_file(folder, digest)
    try:
        hidden = json.loads(target.read_text(encoding="utf-8", errors="surrogatepass"))
    except (OSError, ValueError):
        raise DataError(f"The tests of this problem are not in {target}: run the line again to load them.") from None
    if not isinstance(hidden, dict) or tests_hash(hidden) != digest:
        raise DataError(f"The tests in {target} were changed: delete the file, and run the line again.")
    return {**{key: value for key, value in metadata.items() if key != TESTS}, **hidden}


def all_there(folder: Path, samples: Iterable[Sample]) -> bool:
    """Return whether the tests of all samples that have any are there."""
    digests = {str(sample.metadata[TESTS]) for sample in samples if TESTS in sample.metadata}
    return all(tests_file(folder, digest).exists() for digest in digests)
