"""How fast a run is on the screen: opened with 500 and 2,000 samples, updated, scrolled, and read.

    python -m benchmarks.front_end [--open 500] [--scroll 2000] [--times 3] [--only open,update,list,trace]
        [--json FILE]

In a real JupyterLab and a headless Chromium, started as the browser tests start them; needs the built extension, and
Chromium on the PATH.

- `open`: the clock starts with the double click on the notebook in a Lab that is loaded. `usable` is when the list
  answers a key; `Lab alone` is the same notebook with an html output of the same size in place of ours; `ours` is the
  script's own time until then, and `call to paint` is from Lab's call of the renderer until the list is painted, with
  whatever Lab does in between.
- `update`: a kernel updates a run of 2,000 samples four times a second; the script's time of each update.
- `list` and `trace`: frames while the list, or a reasoning of 10,000 thoughts and 1 MB, is scrolled; and how long the
  tab stands still when a fold with that text, with 1 MB of Markdown and formulas, or with one line of 1 MB, is opened.

All samples state answers on their way, 60 of them in the long texts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import nbformat
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from qwq_nb.core.drawn_parts import Track
from qwq_nb.core.run_record import MIME_TYPE, Progress
from qwq_nb.run.bundle import bundle
from tests.browser.lab import Lab, running_lab
from tests.support.run_records import flight, record, view

VIEW = ".qwq-RunView"
LINE = f"{VIEW} .qwq-list .qwq-line"
FOLD = f"{VIEW} .qwq-detail .qwq-fold:has(> summary:text-matches('^Reasoning'))"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
THINKING = "Okay, let me see. First I add $\\frac14$ and $\\frac14$. Wait, that has to be looked at again.\n\n" * 15
MARKDOWN = (
    "Wait, **step {0}** has to be looked at again, with more *care* than I have taken so far.\n\n"
    "1. The area is $\\frac{{{0}}}{{2}}$, and `area_{0}` is its name.\n"
    "   - so the *other* one is twice that\n"
    "2. The sum is $a_{{{0}}} + b = {0}$.\n\n"
    "| n | value |\n|---|---|\n| {0} | **{0}** |\n\n"
    "So the answer is {0}. " + "It follows from what was said above, and from nothing else at all. " * 8 + "\n\n"
)
UPDATES = 24

# Each frame's length, and the script's and the layout's part of it.
FRAMES = """async ({pane, step, frames}) => {
    const box = document.querySelector(pane);
    const next = () => new Promise(requestAnimationFrame);
    const deltas = [], work = [];
    box.scrollTop = 0;
    let last = await next();
    for (let i = 0; i < frames; i++) {
        const started = performance.now();
        box.scrollTop += step;
        box.dispatchEvent(new Event('scroll'));  // now, not with the next frame: so that it is measured
        box.getBoundingClientRect();
        work.push(performance.now() - started);
        const now = await next();
        deltas.push(now - last);
        last = now;
    }
    return {deltas, work, top: box.scrollTop};
}"""

# How long the longest frame is while a fold opens, and how long it takes until its text stands there.
OPENED = """async (fold) => {
    const started = performance.now();
    const next = () => new Promise(requestAnimationFrame);
    let longest = 0, last = started, first = 0;
    fold.open = true;
    while (performance.now() < started + 3000) {
        await next();
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        first = first || (fold.querySelector('.qwq-block') ? now - started : 0);
    }
    return [first, longest];
}"""

COLLECT = """() => {
    window.steps = [];
    const add = ({name, duration}) => name.startsWith('qwq-nb:') && window.steps.push([name.slice(7), duration]);
    new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({type: 'measure', buffered: true});
}"""


def save(lab: Lab, name: str, data: dict[str, Any], code: str = "%qwq_eval math_500") -> float:
    """The notebook with one output; returns its size in KB."""
    cell = nbformat.v4.new_code_cell(code)
    if data:
        cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=KERNEL), lab.root / name)
    lab.trust(name)
    return (lab.root / name).stat().st_size / 1024


def track(text: str, most: int = 60) -> Track:
    """Answers that `text` states, as many as a drawn sample carries at most, spread over all of it."""
    step = len(text) // most
    places = " ".join(f"{i * step}+5:{i % 8}" for i in range(most))
    return Track(values=[str(12 * i) for i in range(8)], right=[3], given=4, places=places)


def run_of(samples: int) -> dict[str, Any]:
    text = THINKING if samples <= 500 else None
    stated = track(THINKING, 8)
    views = [view(i, text=text, reasoning_tokens=10 * i, track=stated) for i in range(samples)]
    return bundle(record(views), live=False)


def opened(lab: Lab, name: str, selector: str) -> tuple[float, float, float, float]:
    """Milliseconds until `selector` stands there, until the list answers a key, our script's, and until our paint."""
    with lab.page("empty.ipynb", fresh=True) as page:
        page.evaluate(COLLECT)
        file = page.locator(f".jp-DirListing-item:has-text('{name}')")
        file.wait_for()
        page.wait_for_timeout(2_000)  # Lab has settled
        begun = time.perf_counter()
        file.dblclick()
        page.wait_for_selector(selector)
        drawn = 1_000 * (time.perf_counter() - begun)
        if selector != LINE:
            page.focus(".jp-Notebook")
            page.evaluate("addEventListener('keydown', () => requestAnimationFrame(() => { window.heard = true; }))")
            page.keyboard.press("Shift")
            page.wait_for_function("window.heard")
            return drawn, 1_000 * (time.perf_counter() - begun), 0, 0
        page.focus(f"{VIEW} .qwq-list")
        page.keyboard.press("j")
        page.wait_for_selector(f"{LINE}[aria-selected=true][aria-posinset='2']")
        usable = 1_000 * (time.perf_counter() - begun)
        page.wait_for_timeout(500)
        steps = dict(reversed(page.evaluate("window.steps")))  # the first of each
        painted = steps.pop("open")
        return drawn, usable, sum(steps.values()), painted


def updated(lab: Lab, samples: int) -> list[float]:
    """Milliseconds of script that each update took, as a kernel sends them."""
    stated = track(THINKING, 8)
    rows = [view(i, text=None, track=stated) for i in range(samples)]

    def live(number: int) -> dict[str, Any]:
        tail = "Wait, let me look at this once more. " * 20
        flights = [
            # Every update eight of them end and eight others begin.
            flight(9_000 + 8 * number + i, reasoning_tail=tail, reasoning_at=number * len(tail), tokens=number)
            for i in range(64)
        ]
        progress = Progress(total=samples + 64, done=samples, in_flight=64, tokens_per_s=100.0, eta_s=60.0)
        new = rows if number == 0 else rows[number * 8 : number * 8 + 8]
        run = record(new, state="running", partial=True, in_flight=flights, progress=progress)
        return bundle(run, live=number > 0)

    (lab.root / "updates.json").write_text(json.dumps([live(i) for i in range(UPDATES + 1)]), encoding="utf-8")
    code = (
        "import json, pathlib, time\nfrom IPython.display import display\n"
        "first, *rest = json.loads(pathlib.Path('updates.json').read_text())\n"
        "handle = display(first, raw=True, display_id=True)\n"
        "for data in rest:\n    time.sleep(0.25)\n    handle.update(data, raw=True)\n"
        "print('that is all')"
    )
    save(lab, "updates.ipynb", {}, code)
    with lab.page("updates.ipynb", fresh=True) as page:
        page.evaluate(COLLECT)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        for _ in range(5):  # a kernel that is just starting may miss the first call
            page.locator(".jp-Cell .cm-content").first.click()
            page.keyboard.press("Control+Enter")
            with suppress(PlaywrightTimeout):
                page.wait_for_selector(VIEW, timeout=8_000)
                break
        page.wait_for_selector(".jp-OutputArea-output:has-text('that is all')", timeout=60_000)
        page.wait_for_timeout(500)
        updates: list[float] = []
        for step, duration in page.evaluate("window.steps"):
            if step == "read":
                updates.append(0)
            if step in ("read", "merge", "draw"):
                updates[-1] += duration
        return updates[1:]


def scrolled(lab: Lab, name: str, pane: str, step: int) -> tuple[list[float], list[float]]:
    """Milliseconds between the frames, and of script and layout in each."""
    with lab.page(name, fresh=True) as page:
        page.wait_for_selector(LINE)
        if pane == ".qwq-detail":
            page.locator(f"{FOLD} > summary").click()
        page.wait_for_timeout(3_000)
        found = page.evaluate(FRAMES, {"pane": f"{VIEW} {pane}", "step": step, "frames": 200})
        assert found["top"] > 0
        return found["deltas"], found["work"]


def unfolded(lab: Lab, name: str) -> tuple[float, float]:
    with lab.page(name, fresh=True) as page:
        page.wait_for_selector(LINE)
        page.wait_for_timeout(1_000)
        first, longest = page.locator(FOLD).evaluate(OPENED)
        return first, longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=500, help="samples in the notebook that is opened")
    parser.add_argument("--scroll", type=int, default=2_000, help="samples in the list that is scrolled and updated")
    parser.add_argument("--times", type=int, default=3, help="how often each is done")
    parser.add_argument("--only", default="open,update,list,trace", help="which of the four are measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    only = options.only.split(",")

    figures: list[dict[str, Any]] = []
    """Milliseconds."""

    def line(name: str, *cells: str) -> None:
        print(f"{name:<48}" + "".join(f"{cell:>10}" for cell in cells), flush=True)

    def add(name: str, values: list[float]) -> None:
        ordered = sorted(values)
        p95 = ordered[round(0.95 * (len(ordered) - 1))]
        # The best is what it takes where nothing else wants the processor.
        found = {"best": ordered[0], "median": median(ordered), "p95": p95, "worst": ordered[-1]}
        figures.append({"what": name, **found, "n": len(ordered)})
        line(name, *(f"{value:.1f}" for value in found.values()), f"n = {len(ordered)}")

    line("milliseconds", "best", "median", "p95", "worst")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not on the PATH.")
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder), chromium) as lab:
        save(lab, "empty.ipynb", {})
        save(lab, "scrolled.ipynb", run_of(options.scroll))
        for samples in (options.open, options.scroll) if "open" in only else ():
            size = save(lab, "opened.ipynb", run_of(samples))
            html = "<p class=bench>" + "as many bytes " * int(size * 1024 / 14) + "</p>"
            save(lab, "foreign.ipynb", {"text/html": html})
            what = f"{samples:,} samples, {size:,.0f} KB"
            alone = [opened(lab, "foreign.ipynb", ".jp-OutputArea-output p.bench") for _ in range(options.times)]
            add(f"{what}: Lab alone, drawn", [drawn for drawn, *_ in alone])
            add(f"{what}: Lab alone, usable", [usable for _, usable, *_ in alone])
            times = [opened(lab, "opened.ipynb", LINE) for _ in range(options.times)]
            add(f"{what}: drawn", [drawn for drawn, *_ in times])
            add(f"{what}: usable", [usable for _, usable, *_ in times])
            add(f"{what}: ours", [ours for _, _, ours, _ in times])
            add(f"{what}: call to paint", [painted for *_, painted in times])
        if "update" in only:
            add(f"{options.scroll:,} samples: an update", updated(lab, options.scroll))
        for step in (132, 1_320) if "list" in only else ():
            frames = [scrolled(lab, "scrolled.ipynb", ".qwq-list", step) for _ in range(options.times)]
            add(f"{options.scroll:,} samples, {step:,} px a frame: frame", [t for deltas, _ in frames for t in deltas])
            add(f"{options.scroll:,} samples, {step:,} px a frame: script", [t for _, work in frames for t in work])
        if "trace" in only:
            care = "has to be looked at again, with more care than I have taken so far: it is worth it."
            thoughts = "".join(f"Wait, thought {i} {care}\n" for i in range(10_000))
            markdown = "".join(MARKDOWN.format(i) for i in range(1_050))
            texts = {"10,000 thoughts": thoughts, "1 MB of Markdown": markdown, "1 MB in a line": "x" * 1_000_000}
            for name, text in texts.items():
                # Not clipped, as if it were read from the run's folder.
                sample = view(0, text=text, track=track(text), outcome="wrong")
                save(lab, "trace.ipynb", {MIME_TYPE: msgspec.to_builtins(record([sample]))})
                folds = [unfolded(lab, "trace.ipynb") for _ in range(options.times)]
                add(f"{name}: fold drawn", [first for first, _ in folds])
                add(f"{name}: longest frame of it", [longest for _, longest in folds])
                for step in (400, 20_000):
                    frames = [scrolled(lab, "trace.ipynb", ".qwq-detail", step) for _ in range(options.times)]
                    add(f"{name}, {step:,} px a frame: frame", [t for deltas, _ in frames for t in deltas])
    if options.json:
        machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()}
        options.json.write_text(json.dumps({"unit": "ms", "machine": machine, "figures": figures}, indent=2))
        print(f"written to {options.json}")


if __name__ == "__main__":
    main()
