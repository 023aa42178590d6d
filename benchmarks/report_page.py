"""How large the file of a run's report is, and how fast a browser opens it: 2,000 samples of 10,000 tokens.

    python -m benchmarks.report_page [--samples 2000] [--characters 29000] [--times 5] [--keep FILE]

The texts are recorded reasonings where shared/data is at hand (29,000 characters are about 10,000 tokens of QwQ's on
mathematics; a text that comes again is further away than deflate looks back), else generated ones, whose size proves
nothing. `usable` is from the request for the file until the list stands in the page.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

from qwq_nb.core.run_record import Clip, RunRecord
from qwq_nb.run.report_file import report_file
from tests.browser.chromium import found_chromium
from tests.browser.lab import CHROMIUM_ARGS
from tests.support.paths import SHARED_DATA
from tests.support.run_records import record, row, view

from .problems import problems

LINE = ".qwq-RunView .qwq-list .qwq-line"
ANSWER = 1_000  # characters
SHORTEST = 1_500


def reasonings() -> list[str]:
    """Recorded ones, each once; else one that is made here."""
    found = []
    for file in sorted((SHARED_DATA / "transcripts").glob("*math*.jsonl")) + sorted(
        (SHARED_DATA / "transcripts").glob("qwq32b_aime24*.jsonl")
    ):
        with open(file, encoding="utf-8") as lines:
            texts = (json.loads(line).get("response") or "" for line in lines)
            found += [text for text in texts if len(text) >= SHORTEST]
    return found or ["Okay, let me see. First I add $\\frac14$ and $\\frac14$. Wait, let me check that again.\n\n" * 40]


def traces(characters: int) -> Iterator[str]:
    """Texts of one length, made of whole recorded ones in turn."""
    source = cycle(reasonings())
    while True:
        text = ""
        while len(text) < characters:
            text += next(source)
        yield text[:characters]


def made_record(count: int, characters: int) -> RunRecord:
    views = []
    for number, (problem, text) in enumerate(zip(problems(count), traces(characters), strict=False)):
        views.append(
            view(
                number,
                text=text[:-ANSWER],
                answer=Clip(text=text[-ANSWER:]),
                question=Clip(text=problem["problem"]),
                gold=problem["answer"],
                extracted=problem["answer"],
            )
        )
    return record(views, table=[*(row(f"Level {level}") for level in range(1, 6)), row()])


def opened(file: Path, times: int) -> dict[str, float]:
    """Medians, in milliseconds."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {"usable": [], "a sample's reasoning": []}
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found_chromium(), args=CHROMIUM_ARGS)
        for turn in range(times):
            page: Any = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri(), wait_until="commit")
            page.wait_for_selector(LINE)
            page.wait_for_timeout(300)  # the mark is set when the list has been painted
            found["usable"].append(page.evaluate("performance.getEntriesByName('qwq-nb:report')[0].startTime"))
            start = time.perf_counter()
            page.locator(LINE).nth(3 + turn).click()
            page.locator(".qwq-detail .qwq-fold > summary").filter(has_text="Reasoning").first.click()
            page.wait_for_selector(".qwq-detail .qwq-fold[open] .qwq-block")
            found["a sample's reasoning"].append(1000 * (time.perf_counter() - start))
            page.close()
        browser.close()
    return {name: median(values) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--characters", type=int, default=29_000, help="of a sample's reasoning and answer")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="where the page is to stay")
    options = parser.parse_args()
    run = made_record(options.samples, options.characters)
    started = time.process_time()
    page = report_file(run)
    cpu = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        file = options.keep or Path(folder, "report.html")
        file.write_text(page, encoding="utf-8")
        size = file.stat().st_size
        found = opened(file.resolve(), options.times)
    said = f"texts of {options.samples:,} samples"
    print(f"{said:<40}{options.samples * options.characters / 1e6:.1f} MB")
    print(f"{'report.html':<40}{size / 1e6:.1f} MB")
    print(f"{'report.html: written, CPU':<40}{cpu:.1f} s")
    for name, value in found.items():
        print(f"{'report.html: ' + name:<40}{value:.0f} ms")


if __name__ == "__main__":
    main()
