"""Define what a section of a run's report is, and register sections: each is drawn as html and as plain text.

The sections of the package are in `run.report_sections`; `run_html` and `run_text` go through all of them in
order. JupyterLab's renderer draws the record itself (`core.run_record`) and knows the package's own sections only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from qwq_nb.core.registry import Registry
from qwq_nb.core.run_record import RunRecord
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc

__all__ = ["SECTIONS", "Section", "register_section", "section_names", "sections_html", "sections_text"]


class Section(Protocol):
    """Define one part of a run's report. It reads the record, which it must not change, and keeps nothing.

    >>> class Slowest:
    ...     name = "slowest"
    ...     def html(self, record: RunRecord, *, live: bool) -> str:
    ...         return "" if live else f"<p>Slowest: {esc(self._slowest(record))}</p>"
    ...     def text(self, record: RunRecord, *, times: bool) -> str:
    ...         return f"Slowest: {one_line(self._slowest(record), 80)}" if times else ""
    ...     def _slowest(self, record: RunRecord) -> str:
    ...         return max(record.samples, key=lambda view: view.latency_s or 0).id if record.samples else "-"
    """

    name: str
    """Its key in the registry."""

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return the section as html that needs no script, style sheet or id; empty: nothing to say.

        Texts in the record are a model's, a data set's or a server's: `qwq_nb.view.html.esc` makes html of them.
        `live`: an update while the run goes on, four times a second, whose `samples` are those that changed.
        """

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the section as lines of plain text; empty: nothing to say.

        `qwq_nb.view.clean.one_line` makes foreign text harmless. `times=False`: nothing in it may differ between two
        runs with the same answers.
        """


_BUILT_IN: Final[dict[str, str]] = {
    "heading": "qwq_nb.run.report_sections:Heading",
    "progress": "qwq_nb.run.report_sections:ProgressSection",
    "results": "qwq_nb.run.report_sections:Results",
    "board": "qwq_nb.run.report_sections:BoardSection",
    "groups": "qwq_nb.run.report_sections:Groups",
    "games": "qwq_nb.run.report_sections:Games",
    "outcomes": "qwq_nb.run.report_sections:Outcomes",
    "notes": "qwq_nb.run.report_sections:Notes",
    "in_flight": "qwq_nb.run.report_sections:InFlightSection",
    "how": "qwq_nb.run.report_sections:How",
    "references": "qwq_nb.run.report_sections:References",
    "samples": "qwq_nb.run.report_sections:Samples",
    "location": "qwq_nb.run.report_sections:Location",
}
"""The package's sections in the report's order; some of them are of one form only."""

SECTIONS: Final[Registry[Section]] = Registry("section", "qwq_nb.sections", _BUILT_IN)

_AFTER: Final[dict[str, str]] = {}
_LAST: Final = "samples"
_MOST_LIVE: Final = 20_000
_MOST: Final = 200_000
"""Characters of a further section: an output has a budget of bytes (`view.budget`)."""


def register_section(name: str, target: Section | str | type[Section], *, after: str = _LAST) -> None:
    """Register a section for this process: an object, its class, or the text `package.module:Name`.

    It stands after the section named `after`, and after those registered there before. A package registers its sections
    for good by entry points of the group `qwq_nb.sections`; they stand after the samples.

    >>> register_section("slowest", "my_sections:Slowest", after="results")

    Raises:
        OptionError: the name is taken or ill-formed, or there is no section named `after`.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise OptionError(f"A section's name is of lower-case letters, digits and underscores, not {name!r}.")
    known = [other for other in SECTIONS.names() if other != name]
    if after not in known:
        raise OptionError(f"There is no section named {after!r} to stand after.{did_you_mean(after, known)}")
    SECTIONS.register(name, target() if isinstance(target, type) else target)
    _AFTER[name] = after


def section_names() -> list[str]:
    """Return the names of all sections in the order of the report."""
    further = [name for name in SECTIONS.names() if name not in _BUILT_IN]
    followers: dict[str, list[str]] = {}
    for name in further:
        followers.setdefault(_stands_after(name, further), []).append(name)
    order: list[str] = []
    for name in _BUILT_IN:
        waiting = [name]
        while waiting:
            order.append(waiting.pop(0))
            waiting = followers.get(order[-1], []) + waiting
    return order


def _stands_after(name: str, further: list[str]) -> str:
    """The section that it stands after: the samples where that one was taken back, or stands after this one."""
    after = _AFTER.get(name, _LAST)
    above, seen = after, {name}
    while above in further and above not in seen:
        seen.add(above)
        above = _AFTER.get(above, _LAST)
    return after if above in _BUILT_IN else _LAST


def sections_html(record: RunRecord, *, live: bool) -> str:
    """Return all sections as html, one after another. One that fails is a line that says so."""
    most = _MOST_LIVE if live else _MOST
    parts = [_drawn(name, lambda section: section.html(record, live=live), most) for name in section_names()]
    return "".join(f"<p>{esc(part)}</p>\n" if failed else part for part, failed in parts)


def sections_text(record: RunRecord, *, times: bool) -> str:
    """Return all sections as text, an empty line between them. One that fails is a line that says so."""
    parts = [_drawn(name, lambda section: section.text(record, times=times), _MOST) for name in section_names()]
    blocks = ["\n".join(line.rstrip() for line in part.split("\n")) for part, _ in parts if part]
    return "\n\n".join(blocks)


def _drawn(name: str, draw: Callable[[Section], str], most: int) -> tuple[str, bool]:
    """What a section gives, and whether that is the line of its failure."""
    try:
        made = draw(SECTIONS.get(name))
        if not isinstance(made, str):
            raise TypeError(f"it gave {type(made).__name__}, not text")
    except Exception as exc:  # a report with a gap is worth more than none
        return one_line(f"The section {name} could not be drawn: {type(exc).__name__}: {exc}", 300), True
    if len(made) > most and name not in _BUILT_IN:
        return f"The section {name} has {len(made):,} characters, more than the {most:,} that an output holds.", True
    return made, False
