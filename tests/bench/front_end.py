"""How fast a run is on the screen: a notebook opened with 500 samples in its output, and 2,000 samples scrolled.

    python tests/bench/front_end.py [--open 500] [--scroll 2000] [--times 3]

In a real JupyterLab and a headless Chromium, started by the browser tests' fixture; needs the built extension, and
Chromium on the PATH. The clock of the opening starts with the double click on the notebook in a Lab that is loaded, and
stops when the list answers a key; `drawn` is when its first line stands there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from qwq_nb.view import bundle
from tests.browser.conftest import Lab
from tests.browser.conftest import lab as fixture
from tests.view.samples import record, view

LINE = ".qwq-RunView .qwq-list .qwq-line"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
THINKING = "Okay, let me see. First I add $\\frac14$ and $\\frac14$. Wait, that has to be looked at again.\n\n" * 15

FRAMES = """async ({step, frames}) => {
    const list = document.querySelector('.qwq-RunView .qwq-list');
    const next = () => new Promise(requestAnimationFrame);
    const deltas = [], work = [];
    list.scrollTop = 0;
    let last = await next();
    for (let i = 0; i < frames; i++) {
        const started = performance.now();
        list.scrollTop += step;
        list.dispatchEvent(new Event('scroll'));  // now, not with the next frame: so that it is measured
        list.getBoundingClientRect();
        work.push(performance.now() - started);
        const now = await next();
        deltas.push(now - last);
        last = now;
    }
    return {deltas, work, top: list.scrollTop};
}"""


class _Folder:
    """What the fixture needs of pytest's `tmp_path_factory`."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def mktemp(self, name: str) -> Path:
        (self.path / name).mkdir()
        return self.path / name


@contextmanager
def started(folder: str) -> Iterator[Lab]:
    start: Any = getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function()
    running = start(_Folder(folder))
    yield next(running)
    for _ in running:
        pass


def save(lab: Lab, name: str, samples: int) -> Path:
    texts = [THINKING if samples <= 500 else None] * samples
    run = record([view(i, text=text, reasoning_tokens=10 * i) for i, text in enumerate(texts)])
    cell = nbformat.v4.new_code_cell("%qwq_eval math_500")
    cell.outputs = [nbformat.v4.new_output("display_data", data=bundle(run, live=False))]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=KERNEL), lab.root / name)
    lab.trust(name)
    return lab.root / name


def opened(lab: Lab, name: str) -> tuple[float, float]:
    """Milliseconds from the double click to the first line, and to a list that answers a key."""
    with lab.page("empty.ipynb") as page:
        file = page.locator(f".jp-DirListing-item:has-text('{name}')")
        file.wait_for()
        page.wait_for_timeout(2_000)  # Lab has settled
        begun = time.perf_counter()
        file.dblclick()
        page.wait_for_selector(LINE)
        drawn = time.perf_counter()
        page.focus(".qwq-RunView .qwq-list")
        page.keyboard.press("j")
        page.wait_for_selector(f"{LINE}[aria-selected=true][aria-posinset='2']")
        return 1_000 * (drawn - begun), 1_000 * (time.perf_counter() - begun)


def scrolled(lab: Lab, name: str, step: int) -> tuple[list[float], list[float]]:
    """Milliseconds between the frames, and of the list's own work in each."""
    with lab.page(name) as page:
        page.wait_for_selector(LINE)
        page.wait_for_timeout(2_000)
        found = page.evaluate(FRAMES, {"step": step, "frames": 300})
        assert found["top"] > 0
        return found["deltas"], found["work"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=500, help="samples in the notebook that is opened")
    parser.add_argument("--scroll", type=int, default=2_000, help="samples in the list that is scrolled")
    parser.add_argument("--times", type=int, default=3, help="how often each is done")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, started(folder) as lab:
        empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")], metadata=KERNEL)
        nbformat.write(empty, lab.root / "empty.ipynb")
        kilobytes = save(lab, "opened.ipynb", options.open).stat().st_size / 1024
        save(lab, "scrolled.ipynb", options.scroll)
        rows = [("milliseconds", "median", "p95", "worst", "")]

        def add(name: str, values: list[float]) -> None:
            ordered = sorted(values)
            p95 = ordered[int(0.95 * (len(ordered) - 1))]
            rows.append((name, f"{median(ordered):.1f}", f"{p95:.1f}", f"{ordered[-1]:.1f}", f"n = {len(ordered)}"))

        times = [opened(lab, "opened.ipynb") for _ in range(options.times)]
        add(f"{options.open:,} samples, {kilobytes:,.0f} KB: drawn", [drawn for drawn, _ in times])
        add(f"{options.open:,} samples, {kilobytes:,.0f} KB: usable", [usable for _, usable in times])
        for step in (132, 1_320):
            frames = [scrolled(lab, "scrolled.ipynb", step) for _ in range(options.times)]
            add(f"{options.scroll:,} samples, {step:,} px a frame: frame", [t for deltas, _ in frames for t in deltas])
            add(f"{options.scroll:,} samples, {step:,} px a frame: script", [t for _, work in frames for t in work])
    for name, *cells in rows:
        print(f"{name:<48}" + "".join(f"{cell:>10}" for cell in cells))


if __name__ == "__main__":
    main()
