"""The answers that a reasoning states on its way, as a drawn sample carries them: "204 → 204 → 60"."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from qwq_nb.core.drawn_parts import Track
from qwq_nb.core.records import Analysis, SampleResult, Verdict
from qwq_nb.core.run_record import SampleView
from qwq_nb.run.candidates import drawn_track, track_places, track_runs
from qwq_nb.run.record import TRACKS_WITHOUT_TEXT, bare_record
from qwq_nb.run.sample_budget import fit_samples, row_cost, track_cost
from qwq_nb.run.withhold import withhold
from tests.support.made_runs import made_run, result
from tests.support.run_records import record, view


def stating(*said: str, right: str = "204", given: str = "60", outcome: str = "w", **changes: Any) -> SampleResult:
    """An answer whose reasoning states these values one after the other."""
    text, spans = "", []
    for value in said:
        text += "So it is "
        spans.append((len(text), len(text) + len(value), value.strip("$°") == right if right else None))
        text += f"{value}. "
    made = result(1, outcome, reasoning=text, gold=right, **changes)
    made.verdict = Verdict(correct=outcome == "c", extracted=given)
    made.analysis = Analysis(version=3, chars=len(text), candidates=spans)
    return made


def test_every_statement_is_listed_in_order() -> None:
    made = stating("$204$", "204", "60", "60")
    track = drawn_track(made)
    assert track is not None
    assert (track.values, track.right, track.given, track.omitted) == (["204", "60"], [0], 1, 0)
    reasoning = made.completion.reasoning if made.completion else ""
    assert [(reasoning[start:end], value) for start, end, value in track_places(track)] == [
        ("$204$", 0),
        ("204", 0),
        ("60", 1),
        ("60", 1),
    ]
    assert track_runs(track) == "204 ×2 → 60 ×2"


def test_the_one_given_in_the_end_may_be_none_of_them() -> None:
    track = drawn_track(stating("204", "96", given="60"))
    assert track is not None
    assert track.given is None
    html = str(made_run([stating("204", "96", given="60")])._repr_mimebundle_()["text/html"])
    assert "Answers stated:" in html
    assert "204 → 96 (right, and stated: 204)" in html


def test_one_value_written_in_two_ways_is_one() -> None:
    track = drawn_track(stating("15°", "15", "0.5", "\\frac{1}{2}", right="", given="15"))
    assert track is not None
    assert track.values == ["15", "½"], "as it is written the shortest"
    assert track.given == 0
    assert track.right == []


def test_of_a_correct_answer_the_right_one_was_given() -> None:
    """However the grader extracts it."""
    track = drawn_track(stating("96", "204", given="204 minutes", outcome="c"))
    assert track is not None
    assert track.right == [1]
    assert track.given == 1


def test_of_many_the_first_and_the_last_are_carried() -> None:
    made = stating(*(str(n) for n in range(500)), right="")
    track = drawn_track(made)
    assert track is not None
    places = track_places(track)
    assert len(places) + track.omitted == 500
    assert (track.values[places[0][2]], track.values[places[-1][2]]) == ("0", "499")
    assert len(track_runs(track)) < 200


def test_there_is_none_without_a_statement() -> None:
    assert drawn_track(result(1)) is None
    assert drawn_track(stating()) is None


@pytest.mark.parametrize("places", ["x", "1+2", "1+2:9", "-1+2:0", "1+2:0:3", "99999999999+1:0", "\u0661+2:0x"])
def test_malformed_places_are_none(places: str) -> None:
    """A saved record may have been written by anybody."""
    assert track_places(Track(values=["1"], places=places)) == []


def test_values_are_texts_in_the_html() -> None:
    html = str(made_run([stating("<img src=x onerror=alert(1)>", given="60")])._repr_mimebundle_()["text/html"])
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_they_are_withheld_with_the_texts() -> None:
    run = made_run([stating("204", "96", benchmark="gpqa_diamond", subset="default")])
    drawn = run.record()
    assert drawn.samples[0].track is not None
    assert withhold(drawn, reveal=False).samples[0].track is None


def tracked(index: int, statements: int = 60) -> SampleView:
    places = " ".join(f"{100 * n}+3:{n % 30}" for n in range(statements))
    track = Track(values=[f"value {n}" for n in range(30)], right=[3], given=4, places=places)
    return view(index, text=None, track=track)


@pytest.mark.parametrize("in_html", [False, True])
def test_they_take_a_share_of_the_budget_and_those_of_failures_stay(in_html: bool) -> None:
    views = [tracked(i) for i in range(400)]
    budget = 800_000
    rows = fit_samples(views, budget, in_html=in_html)
    kept = [row for row in rows if row.track is not None]
    assert 0 < len(kept) < len(views)
    assert all(row.outcome != "correct" for row in kept)
    assert sum(track_cost(row.track, in_html=in_html) for row in kept if row.track) <= budget / 8
    plain = msgspec.structs.replace(rows[0], track=None)
    with_track = msgspec.structs.replace(plain, track=views[0].track)
    assert row_cost(with_track, 100) - row_cost(plain, 100) > 700, "a row's cost counts it"


def test_the_record_beside_the_run_carries_them_up_to_a_bound() -> None:
    few = bare_record(record([tracked(0)]))
    assert few.samples[0].track is not None
    many = bare_record(record([tracked(i) for i in range(1_000)]))
    carried = [row.track for row in many.samples if row.track is not None]
    assert 0 < sum(len(track.places) for track in carried) <= TRACKS_WITHOUT_TEXT
