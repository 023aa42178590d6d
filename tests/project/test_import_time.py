"""What is imported when: loading the extension costs next to nothing, and the core knows nothing of notebooks."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"evalscope", "pandas", "plotly", "scipy", "httpx", "aiohttp", "numpy", "ipywidgets", "pyarrow", "torch"}
CORE = [
    "core.records",
    "core.outcomes",
    "core.stats",
    "core.tally",
    "endpoint.dialects.chat_completions",
    "endpoint.client",
    "endpoint.endpoint",
    "endpoint.reasoning",
    "endpoint.sse",
    "errors",
    "evaluation.plan",
    "evaluation.request",
    "evaluation.runner",
    "magics.parsing",
    "run.html",
    "run.text",
    "store.run_dir",
]

# The shell's own imports are done before, so that what is counted is the extension's.
LOAD = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
print("-- from here", file=sys.stderr)
shell.run_line_magic("load_ext", "qwq_nb")
assert "qwq_eval" in shell.magics_manager.magics["line"]
shell.history_manager.end_session()
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_loading_the_extension_imports_nothing_heavy() -> None:
    report = run("-X", "importtime", "-c", LOAD).stderr.partition("-- from here")[2]
    rows = [line.removeprefix("import time:").split("|") for line in report.splitlines() if "|" in line]
    own = {name.strip(): int(microseconds) for microseconds, _, name in rows if microseconds.strip().isdigit()}
    print(f"%load_ext qwq_nb imports {len(own)} modules in {sum(own.values()) / 1000:.0f} ms (measured, not judged)")
    assert "qwq_nb.magics.evaluation" in own
    assert not {name.partition(".")[0] for name in own} & HEAVY


def test_importing_the_package_imports_none_of_its_rooms() -> None:
    listed = run("-c", "import sys, qwq_nb; print(*(m for m in sys.modules if m.startswith('qwq_nb')))").stdout.split()
    assert set(listed) == {"qwq_nb", "qwq_nb._version"}


@pytest.mark.parametrize("program", ["import qwq_nb.demo", "from qwq_nb import Endpoint, OptionError"])
def test_what_is_light_stays_light(program: str) -> None:
    loaded = run("-c", f"import sys; {program}; print(*sys.modules)").stdout.split()
    assert not {name.partition(".")[0] for name in loaded} & HEAVY


def test_the_core_imports_neither_ipython_nor_evalscope() -> None:
    imports = "; ".join(f"import qwq_nb.{name}" for name in CORE)
    loaded = run("-c", f"import sys; {imports}; print(*sys.modules)").stdout.split()
    assert not {name.partition(".")[0] for name in loaded} & {"IPython", "ipykernel", "ipywidgets", "evalscope"}
