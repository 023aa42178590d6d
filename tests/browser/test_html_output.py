"""The html output in a real JupyterLab: nothing in it runs, formulas are typeset, prices are not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nbformat

from qwq_nb.core.run_record import Clip, Progress, RunRecord, SampleView, SubsetRow
from qwq_nb.run.bundle import bundle
from tests.browser.lab import wait_until_still
from tests.support.hostile_texts import CORPUS

if TYPE_CHECKING:
    from tests.browser.lab import Lab

OUTPUT = ".jp-OutputArea-output"


def sample(number: int, text: str, **changes: Any) -> SampleView:
    fields: dict[str, Any] = {
        "benchmark": "math_500",
        "subset": "Level 1",
        "id": f"{number} {text[:200]}",
        "repeat": 0,
        "outcome": "wrong",
        "why": text[:2_000],
        "gold": text,
        "extracted": text,
        "error": text[:2_000],
        "question": Clip(text=text),
        "reasoning": Clip(text=text),
        "answer": Clip(text=text),
        "choices": [text[:500]],
    }
    return SampleView(**(fields | changes))


def run(samples: list[SampleView], **changes: Any) -> RunRecord:
    row = SubsetRow(
        benchmark="math_500",
        subset="all",
        n=2,
        correct=1,
        accuracy=0.5,
        ci_low=0.1,
        ci_high=0.9,
        accuracy_finished=0.5,
        truncated=0,
        no_answer=0,
        not_gradable=0,
        errors=0,
        mean_reasoning_tokens=1.0,
        mean_answer_tokens=1.0,
        ttft_p50_s=0.1,
        tokens_per_s_p50=1.0,
    )
    fields: dict[str, Any] = {
        "run_id": "1",
        "name": "run",
        "state": "complete",
        "demo": False,
        "created": "2026-01-01T00:00:00Z",
        "updated": "2026-01-01T00:00:00Z",
        "model": "QwQ-32B",
        "endpoint": "local",
        "url": "http://127.0.0.1:1/v1",
        "sampling": {},
        "benchmarks": ["math_500"],
        "repeats": 1,
        "limit": None,
        "seed": 42,
        "concurrency": 1,
        "data": "hub",
        "versions": {},
        "run_dir": "runs/1",
        "command": "%qwq_eval math_500",
        "progress": Progress(total=2, done=2),
        "table": [row],
        "samples": samples,
    }
    return RunRecord(**(fields | changes))


def save(lab: Lab, name: str, *htmls: object) -> None:
    """A trusted notebook with one output a cell."""
    cells = []
    for html in htmls:
        cell = nbformat.v4.new_code_cell("%qwq_eval math_500")
        cell.outputs = [nbformat.v4.new_output("display_data", data={"text/html": html, "text/plain": "text"})]
        cells.append(cell)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lab.root / name)
    lab.trust(name)


def left_the_server(lab: Lab, page: Any) -> list[str]:
    home = urlsplit(lab.url).netloc
    return [
        url for url in page.requests if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != home
    ]


def unfold_and_touch(page: Any) -> None:
    """Opens every fold and fires what a reader's mouse and keys would."""
    page.evaluate(
        """(where) => {
            const root = document.querySelector(where);
            root.querySelectorAll('details').forEach((fold) => { fold.open = true; });
            root.querySelectorAll('*').forEach((element) => {
                for (const name of ['mouseover', 'focus', 'click', 'toggle'])
                    if (element.tagName !== 'SUMMARY') element.dispatchEvent(new Event(name, {bubbles: false}));
            });
        }""",
        OUTPUT,
    )


def test_hostile_texts_do_nothing(lab: Lab) -> None:
    texts = [text[:20_000] for text in CORPUS]
    hostile = run(
        [sample(number, text) for number, text in enumerate(texts)],
        notes=texts[:30],
        model=texts[0],
        data=texts[2],
        references=[{"model": text[:300]} for text in texts[:20]],
    )
    save(lab, "hostile.ipynb", bundle(hostile, live=False)["text/html"])
    with lab.page("hostile.ipynb") as page:
        page.wait_for_selector(f"{OUTPUT} meter", state="attached")
        unfold_and_touch(page)
        wait_until_still(page)
        assert page.evaluate("window.__xss") is None
        assert page.dialogs == []
        assert left_the_server(lab, page) == []
        found = page.evaluate(
            """(where) => [...document.querySelector(where).querySelectorAll(
                'script, img, iframe, a, form, input, button, object, embed, video, link, [data-commandlinker-command]'
            )].map((element) => element.outerHTML.slice(0, 200))""",
            OUTPUT,
        )
        assert found == []
        # All of it is there, as text.
        assert "<script>window.__xss=1</script>" in page.locator(OUTPUT).first.text_content()


def test_the_detector_detects(lab: Lab) -> None:
    """Without this, the test above would pass on a page that draws nothing."""
    raw = '<img src="https://evil.invalid/x.png" onerror="window.__xss=1"><script>alert(1)</script>'
    save(lab, "raw.ipynb", raw)
    with lab.page("raw.ipynb", fresh=True) as page:
        page.wait_for_function("window.__xss === 1")
        deadline = time.monotonic() + 5
        while not page.dialogs and time.monotonic() < deadline:
            page.wait_for_timeout(100)
        assert page.dialogs == ["1"]
        assert left_the_server(lab, page) == ["https://evil.invalid/x.png"]


def test_formulas_are_typeset_and_prices_are_not(lab: Lab) -> None:
    maths = sample(
        1,
        "",
        question=Clip(text=r"What is $\frac{1}{4} + x$, \(y\), and \[\sum_{k=1}^n k\]"),
        reasoning=Clip(text=r"Let $x = 1$ and \(y = 2\)."),
        answer=Clip(text=r"So \boxed{\frac12}, or" + "\n" + r"\begin{align*}x &= 1 \\ y &= 2\end{align*}"),
        gold=r"\frac{1}{2}",
        extracted="42",
    )
    money = sample(
        2,
        "",
        question=Clip(text=r"Ann pays $5 and $6 for \$7, and \href{javascript:alert(1)}{x} is $\href{x}{y}$ too"),
        answer=Clip(text="$12 to $14, \\\\ and \\begin{itemize} \\(open"),
    )
    save(lab, "maths.ipynb", *(bundle(run([view]), live=False)["text/html"] for view in (maths, money)))
    with lab.page("maths.ipynb") as page:
        page.wait_for_selector(f"{OUTPUT} mjx-container", state="attached")
        wait_until_still(page)
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        outputs = page.locator(OUTPUT)
        assert outputs.nth(0).locator("mjx-container").count() == 8
        assert outputs.nth(0).locator("pre mjx-container, code mjx-container").count() == 0
        assert outputs.nth(0).locator("mjx-merror, [data-mjx-error]").count() == 0
        assert outputs.nth(1).locator("mjx-container").count() == 0
        text = outputs.nth(1).inner_text()
        assert r"Ann pays $5 and $6 for $7, and \href{javascript:alert(1)}{x} is $\href{x}{y}$ too" in text
        assert r"$12 to $14, \\ and \begin{itemize} \(open" in text
