"""`python -m tests.bench`"""
import sys
import importlib
from .report import as_text
for name in sys.argv[1:]:
    f = importlib.import_module(f"tests.bench.{name}").measure()
    print(as_text(f.rows)); print("\n".join(f.details), flush=True)
