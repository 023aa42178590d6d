"""Write signs of life to the kernel while the main thread is at something long: importing evalscope."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from qwq_nb.bench.protocol import encode
from qwq_nb.bench.silence import PING_S
from qwq_nb.bench.worker.channels import write_all

__all__ = ["beating"]


@contextlib.contextmanager
def beating(out: int) -> Iterator[None]:
    """Write a line to the descriptor `out` every 2 s, from a thread that ends with the block.

    The main thread must write nothing there meanwhile, and must not fork.
    """
    over = threading.Event()

    def beat() -> None:
        line = encode({"event": "beat"})
        with contextlib.suppress(OSError):  # the kernel has ended: the main thread finds out
            while not over.wait(PING_S):
                write_all(out, line)

    thread = threading.Thread(target=beat, daemon=True, name="beats")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
