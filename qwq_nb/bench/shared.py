"""Provide the kernel's shared benchmark worker."""

from __future__ import annotations

import threading

from qwq_nb.bench.client import BenchWorker

_worker: BenchWorker | None = None


_worker_guard = threading.Lock()


def shared_worker() -> BenchWorker:
    """Return the kernel's one benchmark worker; its process starts at the first use."""
    global _worker
    with _worker_guard:
        if _worker is None:
            _worker = BenchWorker()
        return _worker
