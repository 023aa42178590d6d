"""A benchmark: sums in words."""

from __future__ import annotations

from qwq_nb.extending import AnswerKind, GradeJob, LoadedBenchmark, LoadRequest, Verdict, loaded_benchmark, new_sample

NUMBERS = ["zero", "one", "two", "three", "four", "five", "six"]


class Sums:
    name = "sums_in_words"
    kind: AnswerKind = "text"
    withheld = False

    def subsets(self) -> list[str]:
        return ["small", "large"]

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        samples = [
            new_sample(
                f"How much is {NUMBERS[a]} and {NUMBERS[b]}?", NUMBERS[a + b], subset="small" if a < 2 else "large"
            )
            for a, b in ((0, 1), (1, 2), (2, 2), (3, 3))
        ]
        return loaded_benchmark(self, request, samples)

    def grade(self, job: GradeJob) -> Verdict:
        words = [word for word in job.completion.answer.lower().strip(" .").split() if word in NUMBERS]
        last = words[-1] if words else ""
        return Verdict(correct=last == job.sample.gold, extracted=last)

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        return None
