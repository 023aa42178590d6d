"""Defaults from files: the project's over the user's, and a slip in either is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwq_nb.errors import OptionError
from qwq_nb.magics.config import file_defaults, user_file

KNOWN = ["concurrency", "read_timeout", "out", "reveal"]


def write(file: Path, text: str | bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_without_files_there_is_nothing() -> None:
    assert file_defaults(KNOWN) == {}


def test_the_project_is_over_the_user() -> None:
    write(user_file(), 'concurrency = 8\nout = "mine"\n')
    write(Path("pyproject.toml"), "[project]\nname = 'x'\n[tool.qwq_nb]\nconcurrency = 64\nread-timeout = 60.5\n")
    assert file_defaults(KNOWN) == {"concurrency": 64, "out": "mine", "read_timeout": 60.5}


def test_the_nearest_pyproject_counts_even_if_it_says_nothing() -> None:
    write(Path("pyproject.toml"), "[tool.qwq_nb]\nconcurrency = 64\n")
    deep = Path("a/b").absolute()
    deep.mkdir(parents=True)
    assert file_defaults(KNOWN, deep) == {"concurrency": 64}
    write(deep / "pyproject.toml", "[tool.other]\nx = 1\n")
    assert file_defaults(KNOWN, deep) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.qwq_nb]\nconcurency = 8\n", "no setting 'concurency'. Did you mean 'concurrency'?"),
        ("[tool.qwq_nb]\nshell = 8\n", "no setting 'shell'"),
        ("[tool.qwq_nb\n", "is not valid TOML"),
        (b"\xff\xfe", "is not valid TOML"),
        ("[tool]\nqwq_nb = 3\n", "'qwq_nb' must be a table"),
        ("tool = 3\n", "'tool' must be a table"),
    ],
)
def test_a_slip_is_named_with_its_file(text: str, said: str) -> None:
    file = write(Path("pyproject.toml").absolute(), text)
    with pytest.raises(OptionError) as caught:
        file_defaults(KNOWN)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)


def test_the_users_file_lies_where_the_platform_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert user_file() == tmp_path / "config" / "qwq_nb" / "config.toml"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert user_file() == tmp_path / ".config" / "qwq_nb" / "config.toml"
