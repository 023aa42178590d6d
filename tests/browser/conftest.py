"""A real JupyterLab and a real browser: `lab` starts both once a module, in a home of their own."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_QUIET = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": (
        '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'
    ),
    # Closed folds far below must be there for a test to find.
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": '{"windowingMode": "none"}',
}


class Lab:
    """A running JupyterLab: `root` is its folder, `page()` opens a window on a notebook in it."""

    def __init__(self, url: str, token: str, root: Path, browser: Any, env: dict[str, str]) -> None:
        self.url = url
        self.token = token
        self.root = root
        self.env = env
        self._browser = browser

    def trust(self, name: str) -> None:
        """Sign the notebook, as if the reader had run it."""
        trust = "from jupyter_core.command import main; main()"
        subprocess.run(
            [sys.executable, "-c", trust, "trust", str(self.root / name)], env=self.env, check=True, capture_output=True
        )

    @contextmanager
    def page(self, name: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Any]:
        """A window on the notebook, drawn; `page.requests` and `page.dialogs` collect what it does."""
        settings = self.root.parent / "settings" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f'{{"theme": "JupyterLab {"Dark" if dark else "Light"}"}}', encoding="utf-8")
        context = self._browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.requests, page.dialogs = [], []
        context.on("request", lambda request: page.requests.append(request.url))

        def dismiss(dialog: Any) -> None:
            page.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        workspace = re.sub(r"\W", "", name) + str(len(context.pages))
        page.goto(f"{self.url}lab/workspaces/{workspace}/tree/{name}?token={self.token}&reset")
        try:
            page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=40_000)
            if '"kernelspec"' not in (self.root / name).read_text(encoding="utf-8"):
                page.wait_for_selector(".jp-Dialog", timeout=20_000)  # which kernel? None.
                page.keyboard.press("Escape")
                page.wait_for_selector(".jp-Dialog", state="detached")
            yield page
        finally:
            context.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a free port of this machine and a headless Chromium; skipped where either is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    pytest.importorskip("jupyterlab", reason="needs jupyterlab")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium on the PATH")
    home = tmp_path_factory.mktemp("lab")
    root = home / "notebooks"
    root.mkdir()
    for name, text in _QUIET.items():
        path = home / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    env = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    port, token = _free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"]
    command += ["--LabApp.news_url=None", "--LabApp.extension_manager=readonly"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=root)
    url = f"http://127.0.0.1:{port}/"
    try:
        _wait(f"{url}api?token={token}", server, home / "server.log")
        with sync_api.sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
            yield Lab(url, token, root, browser, env)
            browser.close()
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")
