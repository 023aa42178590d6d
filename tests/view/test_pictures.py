"""Figures as pictures, printed by a real browser."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest

from qwq_nb.errors import OptionError, UserError
from qwq_nb.view.charts import Chart
from qwq_nb.view.figures import ChartFigure
from qwq_nb.view.pictures import CAPTION


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


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the PATH")
def test_a_picture_for_a_paper_has_its_width_and_no_title(tmp_path: Path) -> None:
    svg = figure().save(tmp_path / "a.svg", width="column").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    assert float(root.attrib["width"].removesuffix("in")) * 25.4 == pytest.approx(84, abs=0.2)
    assert "accuracy" not in svg, "the caption says it"
    assert "by level" in svg
    # 13 pixels of a drawing so much wider than the column are 8 points there.
    drawn = float(root.attrib["viewBox"].split()[2])
    assert 13 * (84 / 25.4 * 72) / drawn == pytest.approx(8, abs=0.1)
    png = figure().save(tmp_path / "a.png", width="page").read_bytes()
    assert struct.unpack(">II", png[16:24])[0] == pytest.approx(174 / 25.4 * 300, abs=4)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the PATH")
def test_on_paper_there_are_no_buttons_and_no_caption_and_a_legend_below_has_room(tmp_path: Path) -> None:
    shown = figure()
    bars = [
        {"type": "bar", "name": f"kind of answers {i}", "legendgroup": str(i), "x": ["1"], "y": [1]} for i in range(9)
    ]
    shown.figure.add_traces(bars)
    shown.figure.update_layout(
        height=500,
        margin={"t": 60, "b": 100},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
        updatemenus=[{"type": "buttons", "buttons": [{"label": "linear", "method": "relayout", "args": [{}]}]}],
    )
    shown.figure.add_annotation(text="bands are intervals", name=CAPTION)
    svg = shown.save(tmp_path / "a.svg", width="column").read_text(encoding="utf-8")
    assert "linear" not in svg
    assert "bands are intervals" not in svg
    root = ElementTree.fromstring(svg)
    drawn = float(root.attrib["viewBox"].split()[3])
    legend = re.search(
        r'<g class="legend"[^>]* transform="translate\([\d.]+,([\d.]+)\)".*?height="([\d.]+)"', svg, re.S
    )
    assert legend is not None
    assert float(legend[1]) + float(legend[2]) <= drawn, "its last line stands in the picture"
    assert drawn > 560


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the PATH")
def test_a_pdf_holds_its_fonts_and_a_demo_keeps_its_title(tmp_path: Path) -> None:
    shown = figure()
    shown.figure.update_layout(title_text="DEMO (says nothing of any model): accuracy")
    pdf = shown.save(tmp_path / "a.pdf", width="column").read_bytes()
    assert b"/FontFile2" in pdf or b"/FontFile3" in pdf
    svg = shown.save(tmp_path / "a.svg", width="column").read_text(encoding="utf-8")
    assert "DEMO" in svg


def test_a_width_is_one_of_two_and_of_a_picture(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="width is column or page, not 'narrow'"):
        figure().save(tmp_path / "a.pdf", width="narrow")
    with pytest.raises(OptionError, match="a page is as wide as its window"):
        figure().save(tmp_path / "a.html", width="column")


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
    with pytest.raises(OptionError, match=r"a\.pdf, a\.svg, a\.png or a\.html, not a\.docx"):
        figure().save(tmp_path / "a.docx")
