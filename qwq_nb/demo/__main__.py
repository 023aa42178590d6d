"""Serve the demo endpoint as a program of its own: `python -m qwq_nb.demo`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from qwq_nb.demo.chat_format import STYLES
from qwq_nb.demo.faults import KINDS, FaultPlan
from qwq_nb.demo.process import DEFAULT_MODEL
from qwq_nb.demo.replay import Transcripts, built_in
from qwq_nb.demo.server import DemoServer, is_loopback, serving
from qwq_nb.demo.settings import Settings
from qwq_nb.errors import OptionError, UserError

GRACE_SECONDS = 5.0
"""How long the server may take to end after its stdin has ended."""

_ORPHAN_POLL_SECONDS = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit status: 0, or 2 for options that cannot work."""
    options = _parser().parse_args(argv)
    try:
        if not (is_loopback(options.host) or options.allow_remote):
            raise OptionError(f"{options.host} is not a loopback address. To serve others, add --allow-remote.")
        settings = Settings(
            models=tuple(options.model or (DEFAULT_MODEL,)),
            style=options.style,
            tokens_per_second=options.tokens_per_second,
            ttft=options.ttft,
            chunks=options.chunks,
            models_status=options.models_status,
            batch=options.batch,
            most_streams=options.most_streams,
            key=_key(options.require_key_env),
        )
        book, plan = Transcripts.load(options.transcripts or built_in()), FaultPlan(options.fault)
        endpoint = DemoServer(settings, book, plan, allow_remote=options.allow_remote)
        asyncio.run(_serve(endpoint, options))
    except (UserError, OSError) as error:
        print(f"qwq_nb demo endpoint: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m qwq_nb.demo",
        description="An OpenAI-compatible endpoint that replays recorded transcripts. No model runs.",
        epilog="faults:\n" + "\n".join(f"  {name:20} {kind.what}" for name, kind in KINDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port to listen on (default: any free one)")
    add("--allow-remote", action="store_true", help="allow a --host that other machines can reach")
    add("--model", action="append", metavar="NAME", help=f"model to serve; repeatable (default: {DEFAULT_MODEL})")
    add("--transcripts", action="append", type=Path, metavar="FILE", help="replay these, not the built-in; repeatable")
    add("--style", choices=STYLES, default=STYLES[0], help="how reasoning is delivered (default: %(default)s)")
    add("--tokens-per-second", type=float, default=0.0, metavar="R", help="pace of each stream (default: unpaced)")
    add("--ttft", type=float, default=0.0, metavar="SECONDS", help="time to the first token (default: 0)")
    add("--chunks", type=int, default=0, metavar="N", help="send each completion in exactly N chunks with text")
    add("--models-status", type=int, default=200, metavar="CODE", help="what /v1/models answers (default: 200)")
    add("--batch", type=int, default=0, metavar="N", help="write N streams at once; further ones wait (default: any)")
    add("--most-streams", type=int, default=0, metavar="N", help="answer 429 beyond N streams at once")
    add("--require-key-env", metavar="VAR", help="require the key that this environment variable holds")
    add(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="name[,p=][,attempts=][,after=][,match=][,param=...]",
    )
    add("--ready-fd", type=int, metavar="FD", help="write the line with the URL to this file descriptor too")
    add("--exit-with-stdin", action="store_true", help="end when stdin does, or when the parent process has gone")
    return parser


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise OptionError(f"--require-key-env: the environment variable {variable} is not set, or is empty.")
    return key


async def _serve(endpoint: DemoServer, options: argparse.Namespace) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with serving(endpoint, options.host, options.port) as root:
        line = f"qwq_nb demo endpoint: {root}/v1 (demo)\n"
        sys.stdout.write(line)
        sys.stdout.flush()
        if options.ready_fd is not None:
            with os.fdopen(options.ready_fd, "w", encoding="ascii") as ready:
                ready.write(line)
        if options.exit_with_stdin:
            threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
            await _until_orphaned(stop)
        else:
            await stop.wait()


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # Not sys.stdin: a thread that still reads it when the interpreter ends aborts the process.
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    loop.call_soon_threadsafe(stop.set)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


async def _until_orphaned(stop: asyncio.Event) -> None:
    """Wait for `stop`, or for the end of the parent: a process it forked may hold our stdin open longer."""
    parent, stopped = os.getppid(), asyncio.ensure_future(stop.wait())
    while os.getppid() == parent and not stopped.done():
        await asyncio.wait([stopped], timeout=_ORPHAN_POLL_SECONDS)
    stopped.cancel()


if __name__ == "__main__":
    sys.exit(main())
