"""Run a notebook, save it with its outputs under `executed/`, and print the text of its evaluations.

    python notebooks/execute.py notebooks/01_quickstart.ipynb
    python notebooks/execute.py --save notebooks/*.ipynb

`--save` writes the outputs into the notebooks themselves, without times, as nbval compares them.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

MIME_TYPE = "application/vnd.qwq-nb.run.v1+json"


def evaluations(notebook: nbformat.NotebookNode) -> list[str]:
    """The plain text of every run that the notebook shows."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [o["data"].get("text/plain", "") for o in outputs if MIME_TYPE in o.get("data", {})]


def run(source: Path, target: Path) -> int:
    """Execute `source` from its own folder, and write it with its outputs to `target`, also where a cell fails."""
    notebook = nbformat.read(source, as_version=4)
    target.parent.mkdir(exist_ok=True)
    # The kernel warns of unencrypted ports at each start; it listens on loopback.
    quiet = ["--log-level=ERROR"]
    resources = {"metadata": {"path": str(source.parent)}}
    client = NotebookClient(notebook, timeout=600, resources=resources, extra_arguments=quiet, record_timing=False)
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        nbformat.write(notebook, target)
    print("\n\n".join(evaluations(notebook)))
    print(f"\nThe executed notebook: {target}")
    return 0


def main(arguments: list[str]) -> int:
    save = "--save" in arguments
    sources = [Path(a) for a in arguments if a != "--save"]
    if not sources:
        print(__doc__, file=sys.stderr)
        return 2
    if save:
        os.environ["QWQ_NB_LIVE"] = "0"
        shutil.rmtree(sources[0].parent / "qwq_runs", ignore_errors=True)
    return max(run(s, s if save else s.parent / "executed" / s.name) for s in sources)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
