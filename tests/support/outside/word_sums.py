"""A benchmark of one's own, in a module that knows of qwq_nb what its documentation says."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence

from qwq_nb.bench.benchmark import loaded_benchmark, new_sample
from qwq_nb.bench.datafile import read_records
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.core.records import AnswerKind, Verdict

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


class WordSums:
    """Sums that are asked and answered in words; "ten" and "10" are one answer."""

    name = "word_sums"
    kind: AnswerKind = "math"
    withheld = False

    def subsets(self) -> Sequence[str]:
        return ["Level 1", "Level 2", "和"]

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        if request.data:
            rows = [row for row, _ in read_records(request.data, self.name)]
        else:
            rows = [{"a": a, "b": 4, "subset": subset} for subset in self.subsets() for a in (1, 2, 3)]
        samples = []
        for row in rows:
            question = f"{row['subset']}: how much is {WORDS[row['a']]} and {WORDS[row['b']]}?"
            gold = WORDS[row["a"] + row["b"]]
            samples.append(new_sample(question, gold, subset=row["subset"], source_row=row, metadata={"sum": gold}))
        return loaded_benchmark(self, request, samples, prompt_template="{question}")

    def grade(self, job: GradeJob) -> Verdict:
        found = re.findall(r"[A-Za-z0-9]+", job.completion.answer)
        word = found[-1] if found else ""
        if word == "hang":
            time.sleep(600)
        if word == "crash":
            os._exit(3)
        if word == "memory":
            bytearray(8 << 30)
        right = self.equivalent(word, job.sample.metadata["sum"])
        return Verdict(correct=right, extracted=word if word in WORDS or word.isdecimal() else "")

    def equivalent(self, candidate: str, gold: str) -> bool:
        return WORDS[int(candidate)] == gold if candidate.isdecimal() else candidate == gold


class SecretSums(WordSums):
    name = "secret_sums"
    withheld = True
