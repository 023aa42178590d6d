"""Run the comparison with evalscope: `python -m qwq_nb.bench.parity RUN_DIR`."""

from __future__ import annotations

import sys

from qwq_nb.bench.evalscope.parity import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
