"""The README's screenshots, of the real thing: `python docs/screenshots.py` writes run-light.png and run-dark.png.

In a real JupyterLab, in headless Chromium, a kernel runs `%qwq_eval math_500 --demo`: the demo's problems and its
transcripts are this project's own, and the same each time. One sample is opened with its reasoning. Needs what
`make test` installs, and Chromium on the PATH.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.lab import Lab, running_lab  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 250_000
SAMPLE = "level-5/1"
"""Several thoughts, and the right answer long before the last of them."""
VIEW = ".qwq-RunView"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def evaluated(lab: Lab) -> str:
    """A notebook whose run has ended, saved by Lab; its name."""
    name = "run.ipynb"
    cells = [nbformat.v4.new_code_cell("%load_ext qwq_nb"), nbformat.v4.new_code_cell("%qwq_eval math_500 --demo")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), lab.root / name)
    with lab.page(name) as page:
        page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000
        )
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_selector(f"{VIEW} .qwq-state[data-state=complete]", timeout=120_000)
        page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")
    return name


def opened(page: Any) -> Any:
    """The cell of the run, with the sample's reasoning open."""
    page.wait_for_selector(f"{VIEW} .qwq-line")
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    cell = page.locator(".jp-Cell").nth(1)
    # As a reader would draw it larger.
    page.locator(f"{VIEW} .qwq-panes").evaluate("(panes) => { panes.style.height = '44em'; }")
    page.get_by_label("Sort by").select_option("level")
    page.get_by_role("button", name="Level 5").first.click()
    page.get_by_role("option").filter(has_text=SAMPLE).first.click()
    page.locator(f"{VIEW} .qwq-detail .qwq-fold > summary").nth(0).click()  # the answer
    page.locator(f"{VIEW} .qwq-detail .qwq-fold > summary").nth(1).click()  # the reasoning
    page.wait_for_selector(f"{VIEW} .qwq-detail mark.qwq-mod-mention")
    page.wait_for_selector(f"{VIEW} .qwq-detail .qwq-block mjx-container")
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(2, 2)
    page.wait_for_timeout(1_000)  # formulas further down, and bars that grow
    return cell


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not on the PATH.")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder), chromium) as lab:
        name = evaluated(lab)
        for theme in ("light", "dark"):
            with lab.page(name, width=1380, height=1400, dark=theme == "dark") as page:
                file = IMAGES / f"run-{theme}.png"
                opened(page).screenshot(path=file)
                size = file.stat().st_size
                print(f"{file.relative_to(ROOT)}: {size / 1000:.0f} kB")
                if size > MOST_BYTES:
                    sys.exit(f"{file.name} is larger than {MOST_BYTES / 1000:.0f} kB.")


if __name__ == "__main__":
    main()
