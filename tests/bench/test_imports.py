"""Importing evalscope leaves out what nothing here uses, and keeps nobody from importing it later."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from qwq_nb.bench.worker.imports import NOT_NEEDED, without_what_is_not_needed
with without_what_is_not_needed():
    from qwq_nb.bench.evalscope import adapters
print(sorted(set(NOT_NEEDED) & sys.modules.keys()))
import rfc3987_syntax
print(rfc3987_syntax.is_valid_syntax_iri("http://example.org/"))
"""


def test_evalscope_is_imported_without_them() -> None:
    pytest.importorskip("rfc3987_syntax", reason="jsonschema's formats are not installed here")
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.split("\n")[:2] == ["[]", "True"], done.stderr[-500:]
