"""Files are replaced as a whole, through a temporary file that nobody else can have laid a link for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from qwq_nb.core.files import replace_file, save_file
from qwq_nb.errors import UserError


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_the_new_content_stands_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "x.json"
    replace_file(file, b"one")
    replace_file(file, b"two")
    assert file.read_bytes() == b"two"
    assert os.listdir(file.parent) == ["x.json"], "no temporary file is left"


def test_a_file_that_cannot_be_put_in_its_place_leaves_all_as_it_was(tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "x" / "held").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        replace_file(place / "x", b"two")
    assert os.listdir(place) == ["x"]


def test_permissions_are_kept_and_those_of_a_new_file_are_the_process_s(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        file = tmp_path / "x"
        replace_file(file, b"one")
        assert mode(file) == 0o640
        file.chmod(0o604)
        replace_file(file, b"two")
        assert mode(file) == 0o604
    finally:
        os.umask(before)


def test_a_link_at_the_files_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, file = tmp_path / "victim", tmp_path / "x"
    victim.write_text("mine")
    file.symlink_to(victim)
    replace_file(file, b"theirs")
    assert (victim.read_text(), file.read_text()) == ("mine", "theirs")
    assert not file.is_symlink()


def test_temporary_files_have_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def replace(source: str, target: Path) -> None:
        names.append(source)
        os.rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    for _ in range(3):
        replace_file(tmp_path / ("x" * 200), b"")
    assert len(set(names)) == 3
    assert {Path(name).parent for name in names} == {tmp_path}


def test_a_users_file_is_saved_under_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert save_file("~/x.txt", "lone \ud800 half").read_text(encoding="utf-8") == "lone \ufffd half"
    assert (tmp_path / "x.txt").is_file()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "is a folder. Name a file in it."),
        ("file/x.html", "file is no folder."),
        ("x" * 300, "File name too long"),
        ("a\0b", "embedded null byte"),
        ("file/no\x1b[2J\u202e\nsuch/x", "no␛[2J\\u202e such"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_the_users_error(tmp_path: Path, name: str, said: str) -> None:
    place = tmp_path / "place"
    (place / "folder").mkdir(parents=True)
    (place / "file").touch()
    with pytest.raises(UserError) as caught:
        save_file(place / name, "x")
    assert said in str(caught.value)
    assert sorted(os.listdir(place)) == ["file", "folder"]


def test_no_permission_is_the_users_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # nothing is forbidden to root: the system's answer is given in its place

        def forbidden(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", forbidden)
    else:
        tmp_path.chmod(0o500)
    with pytest.raises(UserError, match=r"x.html cannot be written: no permission to write in "):
        save_file(tmp_path / "x.html", "x")
