"""Define presets: a benchmark asked and graded as others published it, in place of evalscope's defaults.

`qwq`: LiveCodeBench as in QwenLM/QwQ, `eval/` at commit 620a5ead (Apache-2.0): one user message of its own and no
system message, 30 s a test, contests from August 2024 to 4 January 2025 (279 problems of release v5), 8 samples of each
at temperature 0.6, top_p 0.95, top_k 40. `qwq_tests.json` holds the MD5 of each problem's tests, published there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from qwq_nb.bench.code.tests import TESTS
from qwq_nb.core.records import Message, Sample
from qwq_nb.errors import OptionError, did_you_mean

__all__ = ["PRESETS", "Preset", "preset_for", "preset_prompt", "proof_note"]


class Preset(NamedTuple):
    """Hold what a preset sets. Sampling and repeats are defaults: the line may set others."""

    benchmark: str
    subset: str
    first_day: str
    last_day: str
    """ISO dates, both included: the contests of the last day count, at whatever hour they began."""
    seconds: int
    """Of one test."""
    repeats: int
    sampling: Mapping[str, float | int]
    source: str
    """Where it was published."""


PRESETS: Final[dict[str, Preset]] = {
    "qwq": Preset(
        benchmark="live_code_bench",
        subset="release_v5",
        first_day="2024-08-01",
        last_day="2025-01-04",
        seconds=30,
        repeats=8,
        sampling={"temperature": 0.6, "top_p": 0.95, "top_k": 40},
        source="QwenLM/QwQ, eval/, commit 620a5ead",
    ),
}

_BEGIN: Final = (
    "You will be given a question (problem specification) and will generate a correct Python program that matches the "
    "specification and passes all tests.\n\nQuestion: "
)
_STDIN: Final = (
    "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test on the sample "
    "inputs). Enclose your code within delimiters as follows. Ensure that when the python program runs, it reads the "
    "inputs, runs the algorithm and writes output to STDOUT.\n```python\n# YOUR CODE HERE\n```\n\n"
)
_STARTER: Final = (
    "You will use the following starter code to write the solution to the problem and enclose your code within "
    "delimiters.\n```python\n{starter_code}\n```\n\n"
)
QWQ_TEMPLATE: Final = f"{_BEGIN}{{question_content}}\n\n{_STARTER} or {_STDIN}"


def preset_for(name: str, benchmarks: Sequence[str]) -> Preset:
    """Return a preset by its name.

    Raises:
        OptionError: there is none of that name, or it is not of these benchmarks.
    """
    if name not in PRESETS:
        raise OptionError(f"There is no preset {name!r}.{did_you_mean(name, PRESETS)}")
    preset = PRESETS[name]
    if list(benchmarks) != [preset.benchmark]:
        raise OptionError(f"--preset {name} is a way to run {preset.benchmark}: name this benchmark alone.")
    return preset


def preset_prompt(record: Mapping[str, Any]) -> list[Message]:
    """Return the messages of QwQ's own evaluation for a record of LiveCodeBench: one, of the user."""
    starter = str(record.get("starter_code") or "")
    form = _STARTER.format_map({"starter_code": starter}) if starter else _STDIN
    return [{"role": "user", "content": f"{_BEGIN}{record['question_content']}\n\n{form}"}]


@functools.cache
def published_hashes() -> dict[str, str]:
    """Return the MD5 of each problem's tests by the id of the question, as QwQ's authors publish it."""
    file = Path(__file__).parent / "qwq_tests.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])


def proof_note(samples: Iterable[Sample]) -> str:
    """Say of how many problems the tests are those that QwQ's authors scored on, by their MD5."""
    every = list(samples)
    known = published_hashes()
    same = sum(known.get(sample.source_id) == sample.metadata.get(TESTS, "") for sample in every)
    if same == len(every) == len(known):
        return f"The tests of all {same} problems are those that QwQ's authors scored on: their MD5 is the same."
    if same == len(every):
        return (
            f"{same} of QwQ's {len(known)} problems are in this data; their tests are those that QwQ's authors scored "
            f"on: their MD5 is the same."
        )
    return (
        f"The tests of {len(every) - same} of {len(every)} problems are not those that QwQ's authors scored on: their "
        f"MD5 is another one. The score is not to be set beside theirs."
    )
