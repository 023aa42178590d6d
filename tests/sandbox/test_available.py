"""Which sandbox is chosen, and what is said where there is none. `%qwq_sandbox` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from qwq_nb.errors import OptionError, SandboxUnavailable
from qwq_nb.magics.sandbox import sandbox_text
from qwq_nb.sandbox import SANDBOXES, Sandbox, available, bubblewrap, probes, seccomp
from qwq_nb.sandbox.landlock import abi_version


@pytest.fixture(autouse=True)
def found_anew() -> Iterator[None]:
    """What is found out is kept by a process; here it is found out by each test."""
    probes.probe_again()
    yield
    probes.probe_again()


def has_landlock() -> bool:
    return abi_version(seccomp.libc()) > 0


def test_auto_takes_landlock_and_adds_bubblewrap_where_it_starts() -> None:
    if not has_landlock():
        pytest.skip("this kernel has no Landlock")
    found = available()
    assert found.name.startswith("landlock(")
    assert "+seccomp" in found.name
    starts = next(probe.usable for probe in found.probes if probe.layer == "bwrap")
    assert found.name.endswith("+bwrap") == starts
    assert available("landlock").name == "+".join(
        name for name in available("landlock").name.split("+") if name != "bwrap"
    )


def test_without_bubblewrap_there_is_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_landlock():
        pytest.skip("this kernel has no Landlock")
    monkeypatch.setattr(probes, "find_bwrap", lambda: None)
    found = available()
    assert "landlock" in found.name
    assert "bwrap" not in found.name
    assert ("bwrap", False) in [(probe.layer, probe.usable) for probe in found.probes]
    with pytest.raises(SandboxUnavailable, match=r"The sandbox bwrap does not work here. .*bwrap: it is not installed"):
        available("bwrap")


def test_a_bubblewrap_that_does_not_start_is_left_out(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where an ordinary user may make no namespaces."""
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(probes, "find_bwrap", lambda: str(broken))
    monkeypatch.setattr(bubblewrap, "find_bwrap", lambda: str(broken))
    says = next(probe.says for probe in probes.probes() if probe.layer == "bwrap")
    assert says == "bwrap: setting up uid map: Permission denied"


def no_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "abi_version", lambda libc: 0)


def test_without_either_it_is_refused_with_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    no_landlock(monkeypatch)
    monkeypatch.setattr(probes, "find_bwrap", lambda: None)
    with pytest.raises(SandboxUnavailable) as refused:
        Sandbox()
    text = str(refused.value)
    assert text.startswith("No sandbox works here. landlock: ")
    for way in ("kernel 5.13", "apt-get install bubblewrap", "--sandbox docker", "--sandbox off, typed in the line"):
        assert way in text


def test_without_filters_nothing_is_held_to_be_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "architecture", lambda: None)
    with pytest.raises(SandboxUnavailable, match="seccomp: no filter is written for"):
        available()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_on_other_systems_it_is_refused(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(SandboxUnavailable, match=f"this is {platform}, and only Linux has it"):
        available()
    assert available("off").name == "off"


def test_off_is_never_chosen() -> None:
    assert available("off").name == "off"
    assert all(available(wanted).name != "off" for wanted in ("auto", "landlock") if has_landlock())


def test_docker_is_refused_in_words_where_it_is_not_here() -> None:
    if next(probe.usable for probe in probes.probes() if probe.layer == "docker"):
        pytest.skip("Docker and ms_enclave are here")
    with pytest.raises(SandboxUnavailable, match="The sandbox docker does not work here: "):
        available("docker")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(OptionError, match=r"There is no sandbox 'landlok'\. Did you mean 'landlock'\?"):
        available("landlok")


def test_a_warm_module_that_is_not_there_is_said() -> None:
    if not has_landlock():
        pytest.skip("this kernel has no Landlock")
    with pytest.raises(SandboxUnavailable, match=r"did not start: .*No module named 'no_such_module'"):
        Sandbox("landlock", warm=["no_such_module"])


# -- the magic -------------------------------------------------------------------------------------------------------


def test_the_text_names_every_layer_and_every_sandbox() -> None:
    text = sandbox_text()
    assert text.splitlines()[0] == f"The code of a model runs in {available().name} here."
    for probe in probes.probes():
        assert probe.says in text
    for wanted in SANDBOXES:
        assert f"--sandbox {wanted}" in text


def test_the_text_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    no_landlock(monkeypatch)
    monkeypatch.setattr(probes, "find_bwrap", lambda: None)
    text = sandbox_text()
    assert text.splitlines()[0] == "The code of a model does not run here."
    assert "--sandbox auto" in text
    assert "Ways out" in text
