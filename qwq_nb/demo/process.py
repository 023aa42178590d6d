"""Run the demo endpoint as a child process: start it, control it over HTTP, end it with its parent."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from qwq_nb.core.environment import selected_environment
from qwq_nb.errors import EndpointError, OptionError

if TYPE_CHECKING:
    import subprocess

__all__ = ["DEFAULT_MODEL", "DemoEndpoint"]

DEFAULT_MODEL = "QwQ-32B-demo"

START_SECONDS = 20.0
CLOSE_SECONDS = 3.0
CONTROL_SECONDS = 10.0

_ROOT = Path(__file__).resolve().parents[2]


class DemoEndpoint:
    """Run a demo endpoint from construction to `close`; a context manager.

    The arguments are the options of `python -m qwq_nb.demo`, in the same units; what is left out has its default there.
    `env` is added to the environment of the child (what it needs of this one's, without secrets), `args` to its
    command line.

    `url` is the base URL of the API and ends in `/v1`; `model` is the model served, the first of several.

    Raises:
        EndpointError: it does not answer within 20 s; the message holds what the child wrote to stderr.
    """

    def __init__(
        self,
        *,
        models: Sequence[str] = (),
        transcripts: Sequence[str | Path] = (),
        faults: Sequence[str] = (),
        style: str | None = None,
        tokens_per_second: float | None = None,
        ttft: float | None = None,
        chunks: int | None = None,
        models_status: int | None = None,
        require_key_env: str | None = None,
        env: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
    ) -> None:
        single = {
            "--style": style,
            "--tokens-per-second": tokens_per_second,
            "--ttft": ttft,
            "--chunks": chunks,
            "--models-status": models_status,
            "--require-key-env": require_key_env,
        }
        repeated: dict[str, Sequence[object]] = {
            "--model": models,
            "--transcripts": [Path(path).absolute() for path in transcripts],
            "--fault": faults,
        }
        options = [f"{name}={value}" for name, value in single.items() if value is not None]
        options += [f"{name}={value}" for name, values in repeated.items() for value in values]
        self.model = models[0] if models else DEFAULT_MODEL
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._closed = False
        given = selected_environment(os.environ, kept=[require_key_env or ""])
        self._start([*options, *args], {**given, **(env or {})})

    def _start(self, options: Sequence[str], env: Mapping[str, str]) -> None:
        # Imported here, as in `_call`: `import qwq_nb.demo` must cost next to nothing.
        import subprocess
        import tempfile

        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        # The directory of the package comes first on the path of the child, so it is this copy that serves; a session
        # of its own keeps the interrupts of the notebook from it.
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "qwq_nb.demo", "--exit-with-stdin", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=_ROOT,
            env=dict(env),
            start_new_session=True,
        )
        try:
            self.url = self._wait_for_url()
            self.log()
        except BaseException:
            self.close()
            raise

    def _wait_for_url(self) -> str:
        lines: list[bytes] = []
        stdout = self._process.stdout
        assert stdout is not None
        reader = threading.Thread(target=lambda: lines.append(stdout.readline()), daemon=True)
        reader.start()
        reader.join(START_SECONDS)
        words = lines[0].split() if lines else []
        url = next((word.decode() for word in words if word.startswith(b"http://")), None)
        if url is None:
            late = reader.is_alive()
            if late:
                self._process.kill()
            status = self._process.wait()
            self._stderr.seek(0)
            said = self._stderr.read().decode("utf-8", "replace").strip()
            why = f"it did not answer within {START_SECONDS:g} s" if late else f"it ended with {status}"
            raise EndpointError(f"The demo endpoint did not start: {why}.\n{said}".strip())
        return url

    @property
    def root(self) -> str:
        """Return the URL of the server, without `/v1`."""
        return self.url.removesuffix("/v1")

    @property
    def pid(self) -> int:
        """Return the process id of the server."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Return whether this process started the server and it still runs."""
        return not self._closed and self._owner == os.getpid() and self._process.poll() is None

    def log(self) -> dict[str, Any]:
        """Return the requests that the endpoint has had (see `journal.Journal.report`)."""
        report: dict[str, Any] = self._call("log")
        return report

    def reset(self) -> None:
        """Clear the log, and start the turns of variants and the attempts of faults again. The faults stay."""
        self._call("reset", {})

    def set_faults(self, specs: Sequence[str]) -> None:
        """Replace the faults in force by these.

        Raises:
            OptionError: a specification cannot be read.
        """
        self._call("faults", list(specs))

    def configure(self, **settings: object) -> None:
        """Change settings of the running server: `tokens_per_second`, `ttft`, `style`, … (see `settings.Settings`).

        Raises:
            OptionError: there is no such setting, it cannot change, or its value is out of range.
        """
        self._call("config", settings)

    def _call(self, route: str, body: object = None) -> Any:
        from urllib.error import HTTPError, URLError
        from urllib.request import ProxyHandler, Request, build_opener

        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.root}/_demo/{route}", data, {"Content-Type": "application/json"})
        try:
            # A proxy of the environment cannot reach the loopback of this machine.
            with build_opener(ProxyHandler({})).open(request, timeout=CONTROL_SECONDS) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                raise OptionError(json.load(error)["error"]["message"]) from None
        except (URLError, OSError) as error:
            raise EndpointError(f"The demo endpoint at {self.root} does not answer: {error}") from error

    def close(self) -> None:
        """End the server. Does nothing the second time, or in a process forked from the one that started it."""
        with self._lock:
            if self._closed or self._owner != os.getpid():
                return
            self._closed = True
            self._end()

    def _end(self) -> None:
        import subprocess

        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()  # the server ends with its stdin
        try:
            process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        self._stderr.close()

    def __enter__(self) -> DemoEndpoint:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
