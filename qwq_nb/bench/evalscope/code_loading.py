"""Load the records of code benchmarks: tests are hidden, days chosen, and prompts made as a preset has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from evalscope.api.dataset.utils import as_sample_list

from qwq_nb.bench.cache import cache_dir
from qwq_nb.bench.code.catalog import evalscope_runs_code
from qwq_nb.bench.code.presets import QWQ_TEMPLATE, preset_for, preset_prompt, proof_note
from qwq_nb.bench.code.private_tests import UnsafeTests
from qwq_nb.bench.code.records import bare_record, facts_of_tests, hide_tests, prepare_record, public_note
from qwq_nb.bench.code.tests import TESTS
from qwq_nb.bench.evalscope.fields import FieldFault
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.core.records import Message, Sample

__all__ = ["Days", "choose_days", "converted", "facts_of", "messages", "notes_on", "prompt_template", "question"]

_CONTEST: Final = "contest_date"


class Days:
    """Choose problems by the day of their contest; with a preset both of its ends are included.

    evalscope takes its `end_date` as that day's midnight: contests that began later on that day fall out. This is left
    as it is where the line gives the date, and counted: see `lost`.
    """

    def __init__(self, adapter: Any, request: LoadRequest) -> None:
        self._lost: set[str] = set()
        self.last = str(getattr(adapter, "end_date", None) or "")
        self._own = adapter.sample_filter
        preset = preset_for(request.preset, [request.benchmark]) if request.preset else None
        self._range = (date.fromisoformat(preset.first_day), date.fromisoformat(preset.last_day)) if preset else None

    def __call__(self, sample: Any) -> bool:
        """Return whether a sample is among the chosen days."""
        contest = str(sample.metadata.get(_CONTEST, ""))
        if self._range is not None:
            first, last = self._range
            return first <= datetime.fromisoformat(contest).date() <= last
        chosen = bool(self._own(sample))
        if not chosen and self.last and contest[:10] == self.last:
            # Asked for a sample more than once.
            self._lost.add(str(sample.input if isinstance(sample.input, str) else sample.input[-1].text))
        return chosen

    @property
    def lost(self) -> int:
        """Return how many problems of the last day fell out by evalscope's rule."""
        return len(self._lost)


def choose_days(adapter: Any, request: LoadRequest) -> Days | None:
    """Let an adapter choose its problems by `Days`; None for a benchmark whose problems have no days."""
    if not hasattr(adapter, "end_date") or not evalscope_runs_code(request.benchmark):
        return None
    days = Days(adapter, request)
    adapter.sample_filter = days
    return days


def converted(adapter: Any, convert: Callable[[dict[str, Any]], Any], record: dict[str, Any]) -> Any:
    """Return evalscope's sample of a record, its tests hidden; the record is stripped of them in place.

    Raises:
        FieldFault: the tests cannot be read.
        DataError: the tests cannot be written.
    """
    name = str(adapter.name)
    if not evalscope_runs_code(name):
        return convert(record)
    digest = ""
    try:
        prepare_record(name, record)
        made = convert(record)
        for sample in as_sample_list(made):
            if adapter.sample_filter(sample):
                hide_tests(name, cache_dir(), sample.metadata, record)
            else:
                sample.metadata = {_CONTEST: sample.metadata.get(_CONTEST)}  # it is dropped in the next step
            digest = str(sample.metadata.get(TESTS, ""))
    except UnsafeTests as error:
        raise FieldFault(str(error)) from None
    bare = bare_record(name, record, digest)
    record.clear()
    record.update(bare)
    return made


def messages(request: LoadRequest, record: dict[str, Any]) -> list[Message]:
    """Return the messages of a preset; empty without one: evalscope's are taken."""
    return preset_prompt(record) if request.preset else []


def question(request: LoadRequest, record: dict[str, Any]) -> str:
    """Return the problem as it stands in the record, where evalscope's adapter writes the prompt itself; else empty."""
    name = {"live_code_bench": "question_content", "humaneval": "prompt", "humaneval_plus": "prompt"}
    return str(record.get(name.get(request.benchmark, ""), ""))


def prompt_template(adapter: Any, request: LoadRequest) -> str:
    """Return the template of the prompts, for the manifest."""
    return QWQ_TEMPLATE if request.preset else str(adapter.prompt_template or "")


def facts_of(adapter: Any, request: LoadRequest, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return what is kept of a code benchmark in the manifest beside evalscope's own description."""
    if not evalscope_runs_code(request.benchmark):
        return {}
    return {
        "preset": request.preset,
        "seconds_per_test": float(adapter.review_timeout),
        "tests": facts_of_tests(samples),
    }


def notes_on(request: LoadRequest, samples: Sequence[Sample], days: Days | None) -> list[str]:
    """Return what must be said of the tests and the days of the problems."""
    if not evalscope_runs_code(request.benchmark):
        return []
    notes = [public_note(request.benchmark, samples)]
    if request.preset:
        notes.append(proof_note(samples))
    if days is not None and days.lost:
        notes.append(
            f"{request.benchmark}: {days.lost} problems of the last day, {days.last}, are left out, as evalscope takes "
            f"`end_date` as that day's midnight: give the day after to have them."
        )
    return [note for note in notes if note]
