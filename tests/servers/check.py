"""Two servers that we did not write: llama-cpp-python (a tiny random model) and a LiteLLM proxy (a mock reply).

    python -m tests.servers.check [--venv FOLDER]

Builds an environment with both (llama.cpp is compiled: ten minutes on two cores), starts one after the other on
loopback, lets qwq_nb list their models, ask one question, evaluate two problems of each level, and prints what came.
Exit status 0: both served as they should.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from qwq_nb.demo import PROBLEMS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import connect
from qwq_nb.evaluation.ask import ask
from qwq_nb.evaluation.evaluate import evaluate
from tests.support.paths import ROOT

NEEDS = ("litellm[proxy]", "llama-cpp-python[server]", "gguf", "numpy")
START_S = 120
MOCK = r"<think>Twelve, I think. Wait, let me check: yes.</think>The answer is $\boxed{12}$."
PROXY = f"""model_list:
  - model_name: qwq-mock
    litellm_params:
      model: openai/qwq-mock
      api_key: none
      mock_response: '{MOCK}'
"""


def environment(folder: Path) -> Path:
    """The Python that has both servers, installed if it is not there yet."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    found = subprocess.run([python, "-c", "import litellm, llama_cpp.server, gguf"], capture_output=True)
    if found.returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDS], check=True)
    return python


@contextlib.contextmanager
def serving(command: list[str], port: int, path: str) -> Iterator[str]:
    """The server's URL once `path` answers; ended at the end, with its whole process group."""
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            deadline = time.monotonic() + START_S
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).close()
                    break
                except OSError as error:
                    if server.poll() is not None or time.monotonic() > deadline:
                        log.seek(0)
                        raise SystemExit(f"{command[0]} does not serve ({error}):\n{log.read().decode()}") from None
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, 15)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, 9)
                server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def look_at(name: str, endpoint: Endpoint, out: Path) -> bool:
    """Models, one question, an evaluation; whether each of them came as it should."""
    status = connect(endpoint)
    print(f"== {name}\n{status.line}")
    completion = ask("What is 5 + 7?", endpoint=endpoint, max_tokens=64)
    print(
        f"one question: {completion.finish_reason}, {completion.shape}, {completion.completion_tokens} tokens "
        f"({completion.tokens_from}), reasoning {completion.reasoning[:40]!r}, answer {completion.answer[:40]!r}"
    )
    run = evaluate(
        "math_500", endpoint=endpoint, data=PROBLEMS["math_500"], limit=10, out=out, max_tokens=64, show=False
    )
    print(run.samples().groupby(["outcome", "finish_reason"]).size().to_string())
    errors = (run.samples().outcome == "error").sum()
    return status.problem == "" and completion.completion_tokens > 0 and run.state == "complete" and not errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv-servers")
    python = environment(parser.parse_args().venv)
    good = []
    with tempfile.TemporaryDirectory() as folder:
        model, config = Path(folder, "tiny.gguf"), Path(folder, "litellm.yaml")
        subprocess.run([python, Path(__file__).with_name("tiny_gguf.py"), model], check=True)
        config.write_text(PROXY, encoding="utf-8")
        port = free_port()
        command = [python, "-m", "llama_cpp.server", "--model", model, "--model_alias", "tiny-qwq", "--n_ctx", "2048"]
        with serving([*map(str, command), "--host", "127.0.0.1", "--port", str(port)], port, "/v1/models") as url:
            endpoint = Endpoint(url, "tiny-qwq", think="plain", top_k=40)
            good.append(look_at("llama-cpp-python", endpoint, Path(folder, "llama")))
        port = free_port()
        os.environ["LITELLM_MASTER_KEY"] = f"sk-{secrets.token_hex(16)}"  # it does not start without one
        proxy = str(python.with_name("litellm"))
        command = [proxy, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        with serving([str(c) for c in command], port, "/health/liveliness") as url:
            endpoint = Endpoint(url, "qwq-mock", key_env="LITELLM_MASTER_KEY")
            good.append(look_at("LiteLLM proxy", endpoint, Path(folder, "litellm")))
    print("both served as they should" if all(good) else "not as it should be: see above")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
