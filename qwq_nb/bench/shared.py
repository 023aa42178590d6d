"""Share one benchmark worker in a kernel."""

from __future__ import annotations

import threading

from qwq_nb.bench.client import BenchWorker

_worker: BenchWorker | None = None


_worker_guard = threading.Lock()


def shared_worker() -> BenchWorker:
    """The kernel's one benchmark worker; not started before its first use."""
    global _worker
    with _worker_guard:
        if _worker is None:
            _worker = BenchWorker()
        return _worker
