"""Objects by name: imported when first used, from text, from an object, or from another package's entry point."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qwq_nb.core.registry import Registry
from qwq_nb.errors import OptionError


@pytest.fixture
def registry() -> Registry[object]:
    return Registry("measure", "qwq_nb.nobody", {"path": "pathlib:Path", "lazy": "antigravity_of_nobody:X"})


def test_a_target_is_imported_when_it_is_first_asked_for(registry: Registry[object]) -> None:
    assert registry.names() == ["path", "lazy"]
    assert "antigravity_of_nobody" not in sys.modules
    assert isinstance(registry.get("path"), Path)
    assert registry.get("path") is registry.get("path")


def test_what_cannot_be_imported_is_said_with_its_name(registry: Registry[object]) -> None:
    with pytest.raises(OptionError, match="'lazy' cannot be imported from antigravity_of_nobody:X"):
        registry.get("lazy")


def test_an_unknown_name_gets_the_nearest(registry: Registry[object]) -> None:
    with pytest.raises(OptionError, match=r"no measure named 'paht'. Did you mean 'path'"):
        registry.get("paht")


def test_an_object_is_taken_as_it_is_and_can_be_taken_back(registry: Registry[object]) -> None:
    registry.register("own", 7)
    assert registry.get("own") == 7
    registry.register("own", 8)
    assert registry.get("own") == 8
    registry.unregister("own")
    assert "own" not in registry.names()


def test_a_built_in_name_stays_what_it_is(registry: Registry[object]) -> None:
    with pytest.raises(OptionError, match="built in"):
        registry.register("path", 7)
    with pytest.raises(OptionError, match=r"package\.module:Name"):
        registry.register("own", "pathlib.Path")


def test_an_installed_package_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "more-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: more\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[qwq_nb.somebody]\nwords = more_of_somebody:COUNT\n")
    (tmp_path / "more_of_somebody.py").write_text("COUNT = 12\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[object] = Registry("measure", "qwq_nb.somebody", {})
    assert registry.names() == ["words"]
    assert registry.get("words") == 12
