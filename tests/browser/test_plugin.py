"""The plugin in a real JupyterLab: the panel of runs, a run in a tab of its own, commands and settings."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

import qwq_nb

if TYPE_CHECKING:
    from tests.browser.lab import Lab

PANEL = ".qwq-RunsPanel"
ITEM = f"{PANEL} .qwq-runs-item"
TAB = ".qwq-Document"
LINE = f"{TAB} .qwq-list .qwq-line"
REASONING = f"{TAB} .qwq-detail .qwq-fold:has(> summary:text-matches('^Reasoning'))"


@pytest.fixture(scope="module", autouse=True)
def extension() -> None:
    if not (Path(sys.prefix) / "share/jupyter/labextensions/qwq-nb/package.json").exists():
        pytest.skip("needs the built extension: pip install -e . builds it")


@pytest.fixture(scope="module")
def run(lab: Lab) -> qwq_nb.Run:
    """A finished demo run beside the notebook `sub/here.ipynb`; what follows the disk looks at it every second."""
    stored = lab.settings / "qwq-nb" / "plugin.jupyterlab-settings"
    stored.parent.mkdir(exist_ok=True)
    stored.write_text('{"refreshSeconds": 1}', encoding="utf-8")
    folder = lab.root / "sub"
    folder.mkdir()
    for place in (folder, lab.root):
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), place / "here.ipynb")
    return qwq_nb.evaluate("math_500", demo=True, show=False, limit=10, out=folder / "qwq_runs")


def command(page: Any, label: str) -> None:
    """From the palette, as a user does it."""
    page.keyboard.press("Control+Shift+C")
    page.fill(".jp-ModalCommandPalette input, #command-palette input", label)
    page.locator(f".lm-CommandPalette-item:has-text('{label}')").first.click()


def folds(page: Any) -> list[bool]:
    found: list[bool] = page.locator(f"{TAB} .qwq-attempt .qwq-fold").evaluate_all("(all) => all.map((f) => f.open)")
    return found


@pytest.fixture
def manifest(run: qwq_nb.Run) -> Iterator[Callable[..., Path]]:
    """Writes other runs' manifests, beside that of `run`; they go with the test."""
    file = Path(run.path) / "qwq_run.json"
    made: set[Path] = set()

    def write(name: str, **changes: Any) -> Path:
        other = file.parent.parent / name / file.name
        other.parent.mkdir(exist_ok=True)
        made.add(other.parent)
        other.write_text(json.dumps(json.loads(file.read_text()) | {"name": name} | changes), encoding="utf-8")
        return other

    yield write
    for folder in made:
        shutil.rmtree(folder)


def test_from_the_panel_to_a_sample(lab: Lab, run: qwq_nb.Run) -> None:
    with lab.page("sub/here.ipynb") as page:
        command(page, "QwQ: Show Runs Panel")
        page.wait_for_selector(ITEM)
        said = page.locator(ITEM).inner_text()
        for words in (run.name, "✓ complete · 10 of 10", "math_500", "80.0 %", "DEMO", "QwQ-32B-demo"):
            assert words in said
        assert page.locator(f"{PANEL} .qwq-runs-place").inner_text() == "test_plugin/sub/qwq_runs"
        page.locator(f"{ITEM} .qwq-runs-open").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(LINE)
        assert page.locator(f".lm-DockPanel-tabBar .lm-TabBar-tab:has-text('{run.name}')").count() == 1
        text = page.locator(TAB).text_content()
        for words in ("DEMO", "10 of 10 done", "Level 5", "10 samples", f"sub/qwq_runs/{run.name}"):
            assert words in text
        # The record holds no texts: they come from the run's folder.
        page.locator(LINE).nth(3).click()
        page.locator(f"{REASONING} > summary").click()
        page.wait_for_selector(f"{REASONING} .qwq-block")
        shown = page.locator(f"{TAB} .qwq-detail .qwq-id").inner_text()
        first = run.sample(shown).reasoning.split()[0]
        assert first in page.locator(REASONING).text_content()  # also of what is not in sight
        # It is the same tab that a second opening leads to, and the file is one click away.
        command(page, "QwQ: Open Run…")
        page.wait_for_selector(".jp-Dialog select")
        page.keyboard.press("Enter")
        page.wait_for_selector(".jp-Dialog", state="detached")
        assert page.locator(TAB).count() == 1
        page.get_by_text("Copy ▾").click()
        page.get_by_text("Open the run’s file").click()
        page.wait_for_selector(".lm-TabBar-tabLabel:text-matches('math_500_Level.*jsonl')")


def test_the_panel_follows(lab: Lab, run: qwq_nb.Run, manifest: Callable[..., Path]) -> None:
    """New runs appear by themselves, broken ones say why, a live one counts up, and another notebook has none."""
    with lab.page("sub/here.ipynb", fresh=True) as page:
        page.click(".jp-SideBar .lm-TabBar-tab[title='QwQ runs']")
        page.wait_for_selector(ITEM)
        hostile = "<img src=x onerror=alert(1)>\u202e"
        now = datetime.now(timezone.utc).isoformat()
        manifest("aaa", updated=now, state="running", done=3, command=hostile)
        manifest("bbb", updated="2020-01-01T00:00:00Z", state="running", scores={})
        manifest("ccc").write_text('{"torn', encoding="utf-8")
        page.wait_for_function(f"document.querySelectorAll('{ITEM}').length === 3", timeout=20_000)
        names = page.locator(f"{PANEL} .qwq-runs-name").all_inner_texts()
        assert names == ["aaa", run.name, "bbb"]
        states = page.locator(f"{PANEL} .qwq-runs-state").all_inner_texts()
        assert states[0] == "▸ running · 3 of 10"
        assert "its kernel may be gone" in states[2]
        unread = page.locator(f"{PANEL} .qwq-runs-unread").inner_text()
        assert unread == "1 folder could not be read: ccc (qwq_run.json is not valid JSON)"
        manifest("aaa", updated=now, state="running", done=7)
        page.wait_for_function(f"document.querySelector('{PANEL}').innerText.includes('7 of 10')", timeout=20_000)
        # A line that shows the run is copied; it is composed, and is not the one in the file.
        page.locator(ITEM).nth(1).hover()
        page.locator(ITEM).nth(1).locator(".qwq-runs-copy").click()
        assert f"Copied: %qwq_show {run.name}" in page.locator(f"{PANEL} .qwq-runs-status").inner_text()
        # A run without a record says what writes one.
        page.locator(ITEM).nth(2).locator(".qwq-runs-open").click()
        page.wait_for_selector(f"{TAB} .qwq-document-note:has-text('run %qwq_show bbb once')")
        # Another folder has runs of its own, or none.
        page.locator(".jp-SideBar .lm-TabBar-tab[title^='File Browser']").click()
        page.locator(".jp-BreadCrumbs-home").click()
        page.locator(".jp-DirListing-item:has-text('test_plugin')").dblclick()
        page.locator(".jp-DirListing-item:has-text('here.ipynb')").dblclick()
        page.wait_for_selector(".jp-Dialog", timeout=20_000)  # which kernel? None.
        page.keyboard.press("Escape")
        page.wait_for_selector(".jp-Dialog", state="detached")
        page.click(".jp-SideBar .lm-TabBar-tab[title='QwQ runs']")
        page.wait_for_selector(f"{PANEL} .qwq-runs-empty:has-text('%qwq_eval')")
        assert page.locator(ITEM).count() == 0
        assert page.dialogs == []


def test_a_run_that_goes_on(lab: Lab, run: qwq_nb.Run) -> None:
    """The tab takes in what is written to the run's folder, and the reader's filter and folds stay."""
    folder = lab.root / "sub" / "qwq_runs" / "going"
    shutil.copytree(run.path, folder)
    record = json.loads((folder / "qwq_record.json").read_text())
    state = json.loads((folder / "qwq_run.json").read_text())

    def write(done: int, at: str, how: str) -> None:
        name = {"name": "going", "updated": at, "state": how}
        progress = record["progress"] | {"done": done}
        (folder / "qwq_record.json").write_text(json.dumps(record | name | {"progress": progress}), encoding="utf-8")
        (folder / "qwq_run.json").write_text(json.dumps(state | name | {"done": done}), encoding="utf-8")

    write(8, "2099-01-01T00:00:00Z", "running")
    with lab.page("sub/here.ipynb") as page:
        page.click(".jp-SideBar .lm-TabBar-tab[title='QwQ runs']")
        page.locator(f"{ITEM}:has-text('going') .qwq-runs-open").click()
        page.wait_for_selector(LINE)
        page.locator(f"{REASONING} > summary").click()
        page.fill(f"{TAB} .qwq-search", "level-3")
        assert "8 of 10 done" in page.locator(TAB).inner_text()
        page.evaluate("window.before = document.querySelector('.qwq-Document .qwq-RunView')")
        write(10, "2099-01-01T00:00:09Z", "complete")
        page.wait_for_function(f"document.querySelector('{TAB}').innerText.includes('10 of 10 done')", timeout=20_000)
        assert page.evaluate("window.before.isConnected")
        assert page.input_value(f"{TAB} .qwq-search") == "level-3"
        assert page.locator(REASONING).evaluate("(fold) => fold.open")
    shutil.rmtree(folder)


@pytest.mark.long
def test_settings(lab: Lab, run: qwq_nb.Run) -> None:
    stored = lab.settings / "qwq-nb" / "plugin.jupyterlab-settings"
    with lab.page("sub/here.ipynb", fresh=True) as page:
        page.click(".jp-SideBar .lm-TabBar-tab[title='QwQ runs']")
        page.locator(f"{ITEM}:has-text('{run.name}') .qwq-runs-open").click()
        page.wait_for_selector(LINE)
        size = "(node) => parseFloat(getComputedStyle(node).fontSize)"
        before = page.locator(f"{TAB} .qwq-RunView").evaluate(size)
        assert folds(page) == [True, False]  # answer, reasoning
        command(page, "QwQ: Toggle Compact Density")
        page.wait_for_function("document.body.dataset.qwqDensity === 'compact'")
        assert page.locator(f"{TAB} .qwq-RunView").evaluate(size) < before
    assert '"density": "compact"' in stored.read_text(encoding="utf-8")
    stored.write_text('{"openReasoning": true, "openAnswer": false, "wrap": false}', encoding="utf-8")
    with lab.page("sub/here.ipynb", fresh=True) as page:
        page.click(".jp-SideBar .lm-TabBar-tab[title='QwQ runs']")
        page.locator(f"{ITEM}:has-text('{run.name}') .qwq-runs-open").click()
        page.wait_for_selector(f"{REASONING} .qwq-block")
        assert folds(page) == [False, True]
        style = page.locator(f"{REASONING} .qwq-block").first.evaluate("(node) => getComputedStyle(node).whiteSpace")
        assert style == "pre"
    stored.unlink()


def test_runs_are_told_apart_searched_named_compared_and_deleted(
    lab: Lab, run: qwq_nb.Run, manifest: Callable[..., Path]
) -> None:
    request = json.loads((Path(run.path) / "qwq_run.json").read_text())["request"]
    for name, temperature, score in (("cool", 0.2, 0.5), ("warm", 1.0, 0.9)):
        endpoint = request["endpoints"][0]
        sampling = endpoint["sampling"] | {"temperature": temperature}
        asked = request | {"endpoints": [endpoint | {"sampling": sampling}]}
        file = manifest(name, request=asked, scores={"math_500": score}, updated="2026-01-02T03:04:05Z")
        assert file.is_file()
    root = Path(run.path).parent
    with lab.page("sub/here.ipynb") as page:
        command(page, "QwQ: Show Runs Panel")
        page.wait_for_function(f"document.querySelectorAll('{ITEM}').length === 3")
        panel = page.locator(PANEL)
        names = page.locator(f"{PANEL} .qwq-runs-name")
        facts = page.locator(f"{ITEM}:has-text('warm') .qwq-runs-facts").inner_text()
        assert "temperature\n1" in facts or "temperature 1" in facts.replace("\n", " ")
        assert "top_p" not in facts, "the same in all"
        # Sorted, searched and grouped.
        panel.get_by_label("Sort runs by").select_option("score")
        assert names.first.inner_text() == "warm"
        panel.get_by_label("Sort runs by").select_option("temperature")
        assert names.all_inner_texts()[0] == "cool"
        panel.get_by_label("Group runs by").select_option("sweep")
        assert "math_500 over temperature" in page.locator(f"{PANEL} .qwq-runs-group").first.inner_text()
        panel.get_by_label("Group runs by").select_option("")
        panel.get_by_label("Search runs").fill("temperature 0.2")
        assert names.all_inner_texts() == ["cool"]
        # A name and a note, kept beside the runs.
        page.locator(ITEM).hover()
        page.get_by_role("button", name="Rename cool").click()
        page.keyboard.type("Greedy")
        page.keyboard.press("Tab")
        page.keyboard.type("for the appendix")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{PANEL} .qwq-runs-note:has-text('for the appendix')")
        assert names.all_inner_texts() == ["Greedy"]
        assert qwq_nb.load_run("Greedy", out=root).path == root / "cool"
        # Deleted, and back.
        page.locator(ITEM).hover()
        page.get_by_role("button", name="Delete Greedy").click()
        page.wait_for_selector(f"{PANEL} .qwq-runs-foot:has-text('1 deleted run')")
        assert not (root / "cool").exists()
        assert (root / "qwq_deleted" / "cool" / "qwq_run.json").is_file()
        panel.get_by_role("button", name="Undo").click()
        page.wait_for_selector(f"{PANEL} .qwq-runs-name:has-text('Greedy')")
        assert (root / "cool" / "qwq_run.json").is_file()
        # Two are compared in a new cell of the notebook.
        panel.get_by_label("Search runs").fill("")
        for name in ("Greedy", "warm"):
            panel.get_by_label(f"Select {name} to compare it").check()
        panel.get_by_role("button", name="Compare these two").click()
        page.wait_for_function("document.querySelectorAll('.jp-Notebook .jp-CodeCell').length === 2")
        text = page.locator(".jp-Notebook .jp-CodeCell").nth(1).locator(".cm-content").inner_text()
        assert sorted(text.split()) == ["%qwq_compare", "cool", "warm"]
    (root / "qwq_labels.json").unlink()
    shutil.rmtree(root / "qwq_deleted")
