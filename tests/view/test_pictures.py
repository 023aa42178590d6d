"""Figures as pictures, printed by a real browser."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest

from qwq_nb.errors import OptionError, UserError
from qwq_nb.view.charts import Chart
from qwq_nb.view.figures import ChartFigure


def figure() -> ChartFigure:
    bars = {"type": "bar", "x": ["1", "2"], "y": [0.5, 0.9]}
    chart = Chart(
        heading="by level", traces=[bars], xaxis={}, yaxis={}, height=240, heads=["level"], rows=[["1"]], meters=[None]
    )
    return ChartFigure("accuracy </script><script>", [chart])


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the PATH")
def test_a_pdf_of_one_page_and_a_png_of_the_figure_s_size(tmp_path: Path) -> None:
    pdf = figure().save(tmp_path / "a.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == 1
    png = figure().save(tmp_path / "a.PNG").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24])[1] == figure().figure.layout.height
    assert len(png) > 5_000, "something is drawn"


def test_without_a_browser_the_ways_out_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"none of Chromium.*save it as \.html"):
        figure().save(tmp_path / "a.pdf")


def test_a_browser_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="chromium did not write the figure: no display"):
        figure().save(tmp_path / "a.pdf")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"a\.html, a\.pdf or a\.png, not a\.docx"):
        figure().save(tmp_path / "a.docx")
