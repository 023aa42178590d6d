"""Follow Binder's files step by step on this machine, as far as that goes without a container.

    python binder/check.py [PYTHON]

A copy of the checkout, a clean venv (of PYTHON, else of the version that environment.yml names where it is on the
PATH, else of the Python that runs this), a fresh HOME and no Node.js on the PATH; postBuild; start around JupyterLab on
loopback; then Chromium opens the README's link, runs all cells, and the extension must have drawn the runs. Takes some
minutes; needs playwright, PyYAML, Chromium and the package index.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = "notebooks/01_quickstart.ipynb"
URL_PATH = f"lab/tree/{NOTEBOOK}"
MIME_TYPE = "application/vnd.qwq-nb.run.v1+json"
NODE = {"node", "nodejs", "npm", "npx", "corepack", "yarn", "yarnpkg", "jlpm"}
# Settings of this machine that would reach into the clean environment; proxies, certificates and indexes stay.
OWN = re.compile(r"(PYTHON|JUPYTER|IPYTHON|XDG_|QWQ_|CONDA|VIRTUAL_ENV)")
VIEW = ".qwq-RunView"


class Failed(Exception):
    """A step that did not do what it should."""


class Environment(NamedTuple):
    """What environment.yml asks for; `other` are conda packages that a venv cannot have."""

    python: str
    pip: list[str]
    other: list[str]


def read_environment(file: Path) -> Environment:
    asked: list[Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["dependencies"]
    plain = [d for d in asked if isinstance(d, str)]
    pip = [package for d in asked if isinstance(d, dict) for package in d.get("pip", [])]
    versions = [m[1] for d in plain if (m := re.fullmatch(r"python\s*=+\s*(\d+\.\d+)(?:\..*)?", d))]
    if len(versions) != 1:
        raise Failed(f"{file} must name one version of Python, as in python=3.12.")
    other = [d for d in plain if not re.match(r"(python|pip)\b", d)]
    return Environment(versions[0], pip, other)


# -- the steps ---------------------------------------------------------------------------------------------------


def step(what: str, work: Callable[[], Any]) -> Any:
    print(f"{what} ...", flush=True)
    begun = time.monotonic()
    result = work()
    print(f"    {time.monotonic() - begun:.1f} s", flush=True)
    return result


def run(command: list[str | Path], cwd: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        words = " ".join(str(word) for word in command)
        raise Failed(f"`{words}` ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def copy_checkout(target: Path) -> None:
    """What a clone would hold, uncommitted changes with it: nothing that is built or ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        raise Failed(f"{ROOT} is no git checkout: {listed.stderr.strip()}")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def python_of(version: str) -> str:
    """An interpreter of that version, else the one that runs this."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    found = shutil.which(f"python{version}")
    works = found and subprocess.run([found, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0
    if found and works:
        return found
    print(f"    There is no Python {version} here: this check runs with {sys.version.split()[0]}.")
    return sys.executable


def tools_without_node(folder: Path) -> Path:
    """The system's commands as links, without Node.js and what comes with it."""
    folder.mkdir()
    for place in ("/usr/local/bin", "/usr/bin", "/bin"):
        for tool in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / tool.name
            if tool.name not in NODE and not link.is_symlink():
                link.symlink_to(tool)
    return folder


def clean_environment(work: Path) -> dict[str, str]:
    home = work / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not OWN.match(name)}
    settings = {
        "PIP_CONFIG_FILE": [Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"],
        "NPM_CONFIG_USERCONFIG": [Path.home() / ".npmrc"],
    }
    for name, files in settings.items():
        for file in files:
            if file.is_file():
                env.setdefault(name, str(file))
    path = os.pathsep.join([str(work / "venv" / "bin"), str(tools_without_node(work / "tools"))])
    return env | {"HOME": str(home), "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "LANG": "C.UTF-8"}


# -- the server and the browser ----------------------------------------------------------------------------------


@contextmanager
def server(checkout: Path, env: dict[str, str], log: Path) -> Iterator[str]:
    """`start` around JupyterLab, as a hub would run it; gives the address of the README's link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [checkout / "binder" / "start", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", "--allow-root"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=checkout, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_for_server(f"http://127.0.0.1:{port}/api?token={token}", process, log)
        yield f"http://127.0.0.1:{port}/{URL_PATH}?token={token}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_server(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise Failed(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-4000:]}")


def visit(address: str, notebook: Path, picture: Path) -> str:
    """Open the link, run all cells, save; raises Failed where a visitor would not see the runs drawn."""
    from playwright.sync_api import Error, sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise Failed("This check needs Chromium on the PATH.")
    with sync_playwright() as play:
        args = [
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--no-proxy-server",
        ]
        browser = play.chromium.launch(executable_path=chromium, args=args)
        page = browser.new_page(viewport={"width": 1280, "height": 3000})
        try:
            page.goto(address)
            page.wait_for_selector(f".jp-NotebookPanel {VIEW}", timeout=90_000)
            menu(page, "Edit", "Clear Outputs of All Cells")
            page.wait_for_selector(VIEW, state="detached", timeout=20_000)
            if any(cell["execution_count"] for cell in saved(page, notebook)):
                raise Failed("The notebook could not be cleared and saved.")
            menu(page, "Run", "Run All Cells")
            deadline = time.monotonic() + 240
            while any(cell["execution_count"] is None for cell in saved(page, notebook)):
                if time.monotonic() > deadline:
                    raise Failed("The notebook had not run to its end after four minutes.")
            told = verdict(saved(page, notebook))
            drawn = page.locator(f"{VIEW} .qwq-demo:visible").count()
            if drawn < 2 or page.locator(".jp-Dialog").count():
                raise Failed(f"The extension has drawn {drawn} of 2 runs, or a dialog stands before them.")
            return f"{told}; {drawn} drawn by the extension"
        except (Failed, Error) as error:
            page.screenshot(path=picture)
            raise Failed(f"{error}\nThe page: {picture}") from None
        finally:
            browser.close()


def menu(page: Any, *words: str) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{words[0]}$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{words[1]}$")).click()


def saved(page: Any, notebook: Path) -> list[dict[str, Any]]:
    """The code cells as they are on disk, after a save."""
    menu(page, "File", "Save Notebook")
    page.wait_for_timeout(1500)
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def verdict(cells: list[dict[str, Any]]) -> str:
    outputs = [output for cell in cells for output in cell["outputs"]]
    if failed := [o for o in outputs if o["output_type"] == "error"]:
        raise Failed(f"A cell failed: {failed[0]['ename']}: {failed[0]['evalue']}")
    runs = [o["data"][MIME_TYPE] for o in outputs if MIME_TYPE in o.get("data", {})]
    if len(runs) < 2 or not all(r["state"] == "complete" and r["demo"] for r in runs):
        raise Failed(f"Not two finished demo runs: {[(r['name'], r['state']) for r in runs]}")
    scores = [
        f"{row['benchmark']} {row['correct']}/{row['n']}" for r in runs for row in r["table"] if row["subset"] == "all"
    ]
    return f"{len(cells)} cells ran: {', '.join(scores)}"


def check(work: Path, python: str | None) -> None:
    checkout = work / "checkout"
    step("A copy of the checkout", lambda: copy_checkout(checkout))
    asked = read_environment(checkout / "binder" / "environment.yml")
    if asked.other:
        print(f"    Not followed here, conda's own packages: {', '.join(asked.other)}")
    env = clean_environment(work)
    python = python or python_of(asked.python)
    step(f"A venv of {python}", lambda: run([python, "-m", "venv", work / "venv"], work, env))
    if asked.pip:
        step("environment.yml's pip part", lambda: run(["python", "-m", "pip", "install", *asked.pip], work, env))
    step("postBuild", lambda: run([checkout / "binder" / "postBuild"], checkout, env))
    with server(checkout, env, work / "server.log") as address:
        told = step(
            "The notebook in Chromium",
            lambda: visit(address, checkout / NOTEBOOK, Path(tempfile.gettempdir(), "qwq-binder-check.png")),
        )
    print(f"Binder's files work: {told}.")


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="qwq-binder-", ignore_cleanup_errors=True) as folder:
        try:
            check(Path(folder), arguments[0] if arguments else None)
        except Failed as failed:
            print(f"\n{failed}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
