"""A saved page: whole, alone, and forbidden to load or run what is not its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qwq_nb.analysis.compare.api import compare
from qwq_nb.view.page import page, save_page
from tests.support.made_runs import made_run, results_of

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def policy_of(text: str) -> dict[str, str]:
    """The policy's directives; it stands before anything that it could forbid."""
    found = POLICY.search(text)
    assert found is not None
    assert not re.search(r"<(script|style|img|body)", text[: found.start()])
    return dict(part.strip().split(" ", 1) for part in found[1].split(";"))


def test_a_page_may_load_and_run_nothing() -> None:
    assert policy_of(page("x", "<p>x</p>")) == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
    }


def test_a_title_is_escaped_and_visible() -> None:
    assert "<title>&lt;/title&gt;&lt;script&gt; \\u202e␛</title>" in page("</title><script> \u202e\x1b", "")


def test_a_drawing_runs_its_own_scripts_and_no_other() -> None:
    drawing = "<div></div><script>one()</script><script type='text/javascript'>two()\r\n</script>"
    sources = policy_of(page("x", "", drawing=drawing))["script-src"].split()
    # From `printf 'one()' | openssl sha256 -binary | base64`.
    assert sources[0] == "'sha256-HR7iaask9daLMRRskMI++QeJtjWDOjyPA6lGzYGzKW4='"
    assert len(sources) == 2
    assert "unsafe" not in " ".join(sources)


def test_every_saved_page_has_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    run, other = made_run(results_of("cwt")), made_run(results_of("ccc"), "two")
    saved = [
        run.report().save("~/report.html"),
        run.export("~/run.html", traces=True),
        run.plot().save("~/figure.htm"),
        compare(run, other).save("~/comparison.html"),
    ]
    assert {file.parent for file in saved} == {tmp_path}
    for file in saved:
        assert policy_of(file.read_text(encoding="utf-8"))["default-src"] == "'none'", file


def test_of_a_page_and_its_text_only_one_is_made(tmp_path: Path) -> None:
    def never() -> str:
        raise AssertionError

    assert save_page(tmp_path / "x.txt", "x", never, lambda: "text").read_text() == "text"
    assert "<b>html</b>" in save_page(tmp_path / "x.HTML", "x", lambda: "<b>html</b>", never).read_text()
