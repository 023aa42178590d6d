"""Read defaults from files: `[tool.qwq_nb]` of the nearest pyproject.toml, over the user's own `config.toml`.

`%config QwqMagics.x = ...`, the third layer, and the line itself, the fourth, override both.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qwq_nb.errors import OptionError, did_you_mean

__all__ = ["file_defaults", "user_file"]


def user_file() -> Path:
    """Return `$XDG_CONFIG_HOME/qwq_nb/config.toml`, or `~/.config/qwq_nb/config.toml`; it need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "qwq_nb" / "config.toml"


def project_file(start: Path) -> Path | None:
    """Return the nearest pyproject.toml at or above `start`; None if there is none."""
    return next((d / "pyproject.toml" for d in (start, *start.parents) if (d / "pyproject.toml").is_file()), None)


def file_defaults(known: Iterable[str], start: Path | None = None) -> dict[str, Any]:
    """Return the settings of both files, the project's over the user's. `known`: the names of all settings.

    Raises:
        OptionError: a file is not TOML, or has an unknown setting; the message names the file.
    """
    names = list(known)
    merged: dict[str, Any] = {}
    project = project_file(start or Path.cwd())
    for file, table in ((user_file(), ()), (project, ("tool", "qwq_nb"))):
        if file is None or not file.is_file():
            continue
        settings = read_toml(file)
        for key in table:
            settings = settings.get(key, {})
            if not isinstance(settings, dict):
                raise OptionError(f"{file}: {key!r} must be a table, as in [tool.qwq_nb].")
        for name, value in settings.items():
            option = name.replace("-", "_")
            if option not in names:
                raise OptionError(f"{file}: qwq_nb has no setting {name!r}.{did_you_mean(option, names)}")
            merged[option] = value
    return merged


def read_toml(file: Path) -> dict[str, Any]:
    """Return the content of a TOML file. Raises OptionError if it cannot be read or is not valid."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        settings: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise OptionError(f"{file} is not valid TOML: {exc}") from None
    except OSError as exc:
        raise OptionError(f"{file} cannot be read: {exc.strerror}.") from None
    return settings
