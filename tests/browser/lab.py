"""A real JupyterLab and a real browser, for tests and benchmarks: `running_lab` starts both, in a home of their own."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat.sign import NotebookNotary

from tests.support.processes import free_port

__all__ = ["CELL_TEXT", "Lab", "run_cell", "running_lab", "wait_until_still", "write_notebook"]

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

# Everything that a document brought along goes with it; nobody is asked whether to save.
_EMPTIED = """async () => {
    const {shell, serviceManager} = window.jupyterapp;
    for (const widget of [...shell.widgets('main')]) widget.dispose();
    await serviceManager.sessions.shutdownAll();
    shell.activateById('filebrowser');
    // What the view remembers of runs, whose names tests share.
    for (const name of Object.keys(localStorage)) if (name.startsWith('qwq-nb:')) localStorage.removeItem(name);
    return document.querySelectorAll('.jp-Dialog, .jp-NotebookPanel, .qwq-RunView').length;
}"""
# Its promise is that of the open dialogs: a notebook that asks for its kernel is there before it is kept.
_OPEN = "(path) => void window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'})"
_THEME = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
_HAS_THEME = "(theme) => document.body.dataset.jpThemeName === theme"


@dataclass
class _Windows:
    """The one window that tests share while each leaves it as it was; it is loaded when it is first wanted."""

    browser: Any
    idle: Any = None

    def new(self) -> Any:
        context = self.browser.new_context()
        page = context.new_page()
        page.requests, page.dialogs = [], []
        context.on("request", lambda request: page.requests.append(request.url))

        def dismiss(dialog: Any) -> None:
            page.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        return page

    def put_back(self, page: Any) -> None:
        """Keep the window if nothing of its last document is left in it, else close it."""
        kept = False
        try:
            page.emulate_media(forced_colors="null", color_scheme="null", reduced_motion="null")
            page.context.clear_permissions()
            kept = self.idle is None and page.evaluate(_EMPTIED) == 0 and page.evaluate("window.__xss") is None
        finally:
            if kept:
                self.idle = page
            else:
                page.context.close()


@dataclass
class Lab:
    """A running JupyterLab: `root` is the folder to put notebooks in, `page()` opens a window on one of them."""

    url: str
    token: str
    home: Path
    """Holds Lab's settings, configuration and data, and in `notebooks` what its file browser shows."""
    env: dict[str, str] = field(repr=False)
    folder: str = ""
    """The part of what the file browser shows that `root` is."""
    _windows: _Windows = field(repr=False, default_factory=lambda: _Windows(None))

    @property
    def root(self) -> Path:
        return self.home / "notebooks" / self.folder

    @property
    def settings(self) -> Path:
        return self.home / "settings"

    def inside(self, folder: str) -> Lab:
        """The same Lab for somebody with a folder of their own."""
        lab = replace(self, folder=folder)
        lab.root.mkdir(exist_ok=True)
        return lab

    def trust(self, name: str) -> None:
        """Sign the notebook, as if the reader had run it."""
        notary = NotebookNotary(data_dir=str(self.home / "data"))
        try:
            notary.sign(nbformat.read(self.root / name, as_version=4))
        finally:
            notary.store.close()

    def configure(self, **page_config: Any) -> None:
        """What Lab reads with every page that is loaded anew."""
        file = self.home / "config" / "labconfig" / "page_config.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        # Whether the extensions want a build is two seconds of work, and nothing that is looked at here.
        file.write_text(json.dumps({"buildCheck": False, **page_config}), encoding="utf-8")

    @contextmanager
    def page(
        self, name: str, *, width: int = 1280, height: int = 900, dark: bool = False, fresh: bool = False
    ) -> Iterator[Any]:
        """A window on the notebook, drawn; `page.requests` and `page.dialogs` collect what it does.

        Lab is loaded only once for all who leave its window as it was: documents, kernels, media and permissions are
        put back here. `fresh` is for those who do not (who change its globals, or Lab's own panels), and for what
        happens while Lab itself is loaded.
        """
        path = f"{self.folder}/{name}".lstrip("/")
        theme = f"JupyterLab {'Dark' if dark else 'Light'}"
        page, reused = (None, False) if fresh else (self._windows.idle, self._windows.idle is not None)
        if reused:
            self._windows.idle = None
        page = page or self._windows.new()
        done = False
        try:
            page.set_viewport_size({"width": width, "height": height})
            if reused:
                page.requests.clear()
                page.dialogs.clear()
                if not page.evaluate(_HAS_THEME, theme):
                    page.evaluate(_THEME, theme)
                    page.wait_for_function(_HAS_THEME, arg=theme)
                page.evaluate(_OPEN, path)
            else:
                self._set_theme(theme)
                workspace = re.sub(r"\W", "", name) + secrets.token_hex(4)
                page.goto(f"{self.url}lab/workspaces/{workspace}/tree/{path}?token={self.token}&reset")
            page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=40_000)
            if '"kernelspec"' not in (self.root / name).read_text(encoding="utf-8"):
                page.wait_for_selector(".jp-Dialog", timeout=20_000)  # which kernel? None.
                page.keyboard.press("Escape")
                page.wait_for_selector(".jp-Dialog", state="detached")
            yield page
            done = not fresh
        finally:
            if done:
                self._windows.put_back(page)
            else:
                page.context.close()

    @contextmanager
    def window(self, *, dark: bool = False, scripts: bool = True) -> Iterator[Any]:
        """A window of the same browser that has nothing to do with Lab; `page.requests` collects what it asks for."""
        scheme = "dark" if dark else "light"
        context = self._windows.browser.new_context(color_scheme=scheme, java_script_enabled=scripts)
        try:
            page = context.new_page()
            page.set_viewport_size({"width": 1280, "height": 900})
            page.requests, page.said = [], []
            page.on("request", lambda request: page.requests.append(request.url))
            page.on("console", lambda message: page.said.append(message.text))
            page.on("pageerror", lambda error: page.said.append(str(error)))
            yield page
        finally:
            context.close()

    def _set_theme(self, theme: str) -> None:
        settings = self.settings / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps({"theme": theme}), encoding="utf-8")


PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELL_TEXT = "(n) => document.querySelectorAll('.jp-CodeCell .cm-content')[n].innerText"
_HAS_KERNEL = """() => {
    const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === 'connected' && ['idle', 'busy'].includes(kernel.status);
}"""


def write_notebook(lab: Lab, name: str, *sources: str) -> Path:
    """Write a notebook of code cells that starts a kernel when it is opened."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=PYTHON), lab.root / name)
    return Path(lab.root / name)


def run_cell(page: Any, number: int) -> Any:
    """Run the cell as its reader would; gives the cell.

    Keys that come before the notebook has its kernel fall into the void, or open the choice of a kernel.
    """
    page.wait_for_function(_HAS_KERNEL, timeout=60_000)
    cell = page.locator(".jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    cell.locator(".jp-InputPrompt:not(:text-is('[ ]:'))").wait_for()
    return cell


_STILL = """(quiet) => new Promise((resolve) => {
    const finite = (animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime);
    const painted = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    let timer;
    const ended = async () => {
        observer.disconnect();
        await Promise.all(document.getAnimations().filter(finite).map((each) => each.finished.catch(() => null)));
        await painted();
        resolve();
    };
    const changed = () => {
        clearTimeout(timer);
        timer = setTimeout(ended, quiet);
    };
    const observer = new MutationObserver(changed);
    observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    // An image that cannot be had: whatever was asked for before it has been asked for, and has failed, by then.
    const image = new Image();
    image.onload = image.onerror = changed;
    image.src = '/no-such-image-' + performance.now();
})"""


def wait_until_still(page: Any, quiet_ms: int = 150) -> None:
    """Wait until a request has been answered, nothing in the page changes any more, and what moved has come to rest."""
    page.evaluate(_STILL, quiet_ms)


@contextmanager
def running_lab(home: Path, chromium: str) -> Iterator[Lab]:
    """JupyterLab on a free port of this machine and a headless Chromium; both end with the block."""
    from playwright.sync_api import sync_playwright

    (home / "notebooks").mkdir()
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
    port, token = free_port(), secrets.token_hex(16)
    lab = Lab(f"http://127.0.0.1:{port}/", token, home, env)
    lab.configure()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={lab.root}"]
    command += ["--LabApp.news_url=None", "--LabApp.extension_manager=readonly", "--expose-app-in-browser"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=lab.root)
    try:
        # The browser starts meanwhile.
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
            _wait(f"{lab.url}api?token={token}", server, home / "server.log")
            yield replace(lab, _windows=_Windows(browser))
            browser.close()
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")
