"""Sections of a report from outside the package: in html and text, in their place, and never at the report's cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qwq_nb.core.run_record import RunRecord
from qwq_nb.errors import OptionError
from qwq_nb.run.bundle import bundle
from qwq_nb.run.html import run_html
from qwq_nb.run.sections import SECTIONS, register_section, section_names
from qwq_nb.run.text import run_text
from qwq_nb.view.budget import FINAL_BYTES, LIVE_BYTES, saved_size
from tests.support.run_records import record, view

SLOWEST = """
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc


class Slowest:
    name = "slowest"

    def html(self, record, *, live):
        return "" if live else f"<p>Slowest: {esc(self._slowest(record))}</p>"

    def text(self, record, *, times):
        return f"Slowest: {one_line(self._slowest(record), 80)}"

    def _slowest(self, record):
        return max(record.samples, key=lambda view: view.latency_s or 0).id if record.samples else "-"
"""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    known = SECTIONS.names()
    yield
    for name in SECTIONS.names():
        if name not in known:
            SECTIONS.unregister(name)


class Given:
    """A section that gives what it was made with, or raises it."""

    name = "given"

    def __init__(self, content: object) -> None:
        self.content = content

    def html(self, record: RunRecord, *, live: bool) -> str:
        if isinstance(self.content, Exception):
            raise self.content
        return self.content  # type: ignore[return-value]

    def text(self, record: RunRecord, *, times: bool) -> str:
        return self.html(record, live=False)


def test_a_section_from_another_package_stands_where_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_sections.py").write_text(SLOWEST, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    register_section("slowest", "slow_sections:Slowest", after="results")
    drawn = record([view(1, latency_s=2.0), view(2, latency_s=9.0, id="<b>slow</b>")], notes=["a note"])
    html, text = run_html(drawn), run_text(drawn, times=True)
    assert html.index("Accuracy by subset") < html.index("Slowest: &lt;b&gt;slow") < html.index("a note")
    assert text.index("accuracy") < text.index("Slowest: <b>slow</b>") < text.index("Outcomes:")
    assert "Slowest" not in run_html(drawn, live=True)


def test_sections_at_the_same_place_stand_in_the_order_of_their_registration() -> None:
    register_section("one", Given("1"))
    register_section("two", Given("2"))
    register_section("three", Given("3"), after="one")
    assert section_names()[-5:] == ["samples", "one", "three", "two", "location"]
    register_section("one", Given("1"), after="three")
    assert len(set(section_names())) == len(section_names()) == len(SECTIONS.names()), "two that wait for each other"
    SECTIONS.unregister("one")
    assert section_names()[-4:] == ["samples", "two", "three", "location"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            ZeroDivisionError("<i>by</i> zero"),
            "The section given could not be drawn: ZeroDivisionError: <i>by</i> zero",
        ),
        (None, "The section given could not be drawn: TypeError: it gave NoneType, not text"),
    ],
)
def test_a_section_that_fails_is_a_line_in_the_report(content: object, said: str) -> None:
    whole = run_text(record(), times=True)
    register_section("given", Given(content), after="heading")
    html, text = run_html(record()), run_text(record(), times=True)
    assert said in text
    assert text.replace(f"{said}\n\n", "") == whole
    assert said.replace("<i>by</i>", "&lt;i&gt;by&lt;/i&gt;") in html
    assert "Accuracy by subset" in html
    register_section("lost", "no_such_module_here:Section")
    assert "The section lost could not be drawn" in run_text(record(), times=True)


def test_a_section_too_long_for_an_output_is_left_out() -> None:
    register_section("given", Given("x" * 300_000))
    for live, most in ((False, FINAL_BYTES), (True, LIVE_BYTES)):
        made = bundle(record([view(i, text="y" * 40_000) for i in range(60)]), live=live)
        assert saved_size(made) <= most
        assert "The section given has 300,000 characters" in str(made["text/html"])


def test_what_cannot_be_registered_is_refused_with_a_reason() -> None:
    with pytest.raises(OptionError, match=r"no section named 'result' to stand after. Did you mean 'results'"):
        register_section("mine", Given(""), after="result")
    with pytest.raises(OptionError, match="'notes' is built in"):
        register_section("notes", Given(""))
    with pytest.raises(OptionError, match="lower-case letters"):
        register_section("My section", Given(""))
