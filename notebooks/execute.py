"""Run a notebook, save it with its outputs under `executed/`, and print the text of its evaluations.

    python notebooks/execute.py notebooks/01_quickstart.ipynb
"""

from __future__ import annotations

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


def main(source: Path) -> int:
    notebook = nbformat.read(source, as_version=4)
    target = source.parent / "executed" / source.name
    target.parent.mkdir(exist_ok=True)
    # The kernel warns of unencrypted ports at each start; it listens on loopback.
    quiet = ["--log-level=ERROR"]
    resources = {"metadata": {"path": str(source.parent)}}
    client = NotebookClient(notebook, timeout=600, resources=resources, extra_arguments=quiet)
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


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
