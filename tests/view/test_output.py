"""One output drawn again in place: in a notebook, where nothing is live, in a terminal, in a script, or not at all."""

from __future__ import annotations

import gc
import io
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from qwq_nb.view import output
from qwq_nb.view.figures import ChartFigure
from qwq_nb.view.output import NOTHING_DONE, Output, Picture, forget_shown, is_shown, mark_shown, show_picture

FIGURE = "display: Figure: Shown. Its numbers stand in the table above."


class Subject:
    """Something that is drawn."""


def picture(*, figure: bool = True, line: bool = True) -> Picture:
    return Picture(
        subject=Subject(),
        bundle=lambda *, live, times: {"text/html": "<p></p>", "text/plain": f"live {live}, times {times}"},
        text=lambda times: f"text, times {times}",
        line=(lambda width: "line") if line else None,
        figure=(lambda: ChartFigure("Shown", [])) if figure else None,
    )


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def in_shell(monkeypatch: pytest.MonkeyPatch, *, live: bool, kernel: bool) -> tuple[list[str], SimpleNamespace]:
    """A stand-in for IPython's shell and `display`; what is drawn is in the list."""
    import IPython.display

    drawn: list[str] = []
    shell = SimpleNamespace(execution_count=7, **({"kernel": True} if kernel else {}))
    monkeypatch.setenv("QWQ_NB_LIVE", "1" if live else "0")
    monkeypatch.setattr(output, "ipython", lambda: shell)
    handle = SimpleNamespace(update=lambda data, raw: drawn.append(f"update: {data['text/plain']}"))

    def display(data: dict[str, str], raw: bool, display_id: bool = False) -> Any:
        drawn.append(f"display: {data['text/plain']}")
        return handle

    monkeypatch.setattr(IPython.display, "display", display)
    return drawn, shell


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put one in the place of standard error; called in a test's body, since pytest puts its own there before."""
    made = Terminal()
    monkeypatch.setattr("sys.stderr", made)
    return made


def test_a_notebooks_display_is_updated_in_place_four_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, shell = in_shell(monkeypatch, live=True, kernel=True)
    clock = iter([0.05, 0.1, 0.2, 0.3, 0.4, 0.6])
    shown = picture()
    made = Output(shown, clock=lambda: next(clock))
    assert made.is_updated
    for _ in range(6):
        made.update()
    made.finish()
    live = "live True, times True"
    assert drawn == [f"display: {live}", f"update: {live}", f"update: {live}", "update: live False, times True", FIGURE]
    show_picture(shown)
    assert len(drawn) == 5, "the cell's value does not draw it again"
    shell.execution_count = 8
    show_picture(shown)
    assert len(drawn) == 7
    made.finish(figure=False)
    assert drawn[-1] != FIGURE, "plotly is not waited for after an interrupt"


def test_where_nothing_is_live_there_is_one_display_without_times(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, _ = in_shell(monkeypatch, live=False, kernel=True)
    made = Output(picture())
    made.update()
    made.finish()
    assert drawn == ["display: live False, times False", FIGURE]


def test_a_terminal_obeys_nothing_of_what_is_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b[2J\u202e\nfalse line\x07"
    stderr = terminal(monkeypatch)
    in_shell(monkeypatch, live=True, kernel=False)
    bundle = {"text/plain": hostile}
    made = Output(
        Picture(subject=Subject(), bundle=lambda **_: bundle, text=lambda times: hostile, line=lambda width: hostile)
    )
    made.update()
    assert stderr.getvalue().rstrip(" ") == "\r␛[2J\\u202e false line␇", "one line"
    made.finish()
    output.show_with_figure(bundle, None)
    assert capsys.readouterr().out == 2 * "␛[2J\\u202e\nfalse line␇\n"


def test_a_terminal_has_a_line_and_at_the_end_the_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stderr = terminal(monkeypatch)
    in_shell(monkeypatch, live=True, kernel=False)
    shown = picture()
    made = Output(shown)
    made.update()
    assert stderr.getvalue().rstrip(" ") == "\rline"
    made.finish()
    assert stderr.getvalue().endswith(" \r"), "the line is wiped away"
    assert capsys.readouterr().out == "text, times True\n"
    assert is_shown(shown.subject)


def test_a_script_has_the_line_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stderr = terminal(monkeypatch)
    monkeypatch.setenv("QWQ_NB_LIVE", "1")
    monkeypatch.setattr(output, "ipython", lambda: None)
    made = Output(picture())
    made.update()
    made.finish()
    assert "line" in stderr.getvalue()
    assert capsys.readouterr().out == ""


def test_a_picture_without_a_line_leaves_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    in_shell(monkeypatch, live=True, kernel=False)
    made = Output(picture(line=False))
    made.update()
    made.finish()
    assert stderr.getvalue() == ""


@pytest.mark.parametrize("kernel", [True, False])
def test_what_is_not_to_be_shown_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kernel: bool
) -> None:
    stderr = terminal(monkeypatch)
    drawn, _ = in_shell(monkeypatch, live=True, kernel=kernel)
    shown = picture()
    made = Output(shown, show=False)
    made.update()
    made.finish()
    made.clear()
    assert (drawn, stderr.getvalue(), capsys.readouterr().out) == ([], "", "")
    assert not is_shown(shown.subject)


def test_an_error_leaves_one_line_of_what_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, _ = in_shell(monkeypatch, live=True, kernel=True)
    made = Output(picture())
    made.clear()
    assert drawn == []
    made.draw()
    made.clear()
    assert drawn[-1] == f"update: {NOTHING_DONE}", "an empty output would leave a gap above the error"


def test_an_interrupt_does_not_wait_for_the_whole_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, _ = in_shell(monkeypatch, live=True, kernel=True)
    may_end = threading.Event()

    def bundle(*, live: bool, times: bool) -> dict[str, Any]:
        assert live or may_end.wait(10)
        return {"text/plain": f"live {live}"}

    made = Output(Picture(subject=Subject(), bundle=bundle, text=str))
    made.leave()
    assert drawn == ["display: live True"]
    before = [thread for thread in threading.enumerate() if thread.name == "qwq-view"]
    may_end.set()
    for thread in before:
        thread.join(10)
    assert drawn == ["display: live True", "update: live False"]


def test_a_cell_is_remembered_no_longer_than_what_it_drew(monkeypatch: pytest.MonkeyPatch) -> None:
    in_shell(monkeypatch, live=True, kernel=True)
    subject = Subject()
    mark_shown(subject, 7)
    assert is_shown(subject)
    forget_shown(subject)
    forget_shown(subject)
    assert not is_shown(subject)
    mark_shown(subject, 7)
    gone = weakref.ref(subject)
    del subject
    gc.collect()
    assert gone() is None
