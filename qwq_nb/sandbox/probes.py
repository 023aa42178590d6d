"""Find out which layers of a sandbox work here, and choose among them."""

from __future__ import annotations

import ctypes
import errno
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from qwq_nb.errors import OptionError, SandboxUnavailable, did_you_mean, one_line
from qwq_nb.sandbox.bubblewrap import find_bwrap, wrapped
from qwq_nb.sandbox.execution import WarmRunner
from qwq_nb.sandbox.job import SANDBOXES, Limits, Program
from qwq_nb.sandbox.landlock import abi_version
from qwq_nb.sandbox.layers import FIRST_UID, MOST_JOBS, RANGES, Layers, Probe
from qwq_nb.sandbox.process import SandboxFailed
from qwq_nb.sandbox.readable import closed_folder, interpreter, readable_paths
from qwq_nb.sandbox.seccomp import PR_SET_SECCOMP, architecture, libc

__all__ = ["OPTION", "WAYS_OUT", "Available", "available", "probe_again", "probes", "unavailable"]

START_S: Final = 20.0
CAPABILITIES: Final = {"CHOWN": 0, "DAC_OVERRIDE": 1, "KILL": 5, "SETGID": 6, "SETUID": 7}
"""What root needs to run a job as another user, end it, and remove what it left."""
CAP_DAC_READ_SEARCH: Final = 2

ANSWER_S: Final = 10.0
"""Longest time for Docker's engine to say that it is there."""
IMAGE: Final = "python:3.11-slim"
"""The image that programs run in by Docker, as by evalscope's own default."""

OPTION: Final = "--sandbox"
WAYS_OUT: Final = (
    "Ways out: a Linux with Landlock (kernel 5.13 or later) or bubblewrap (apt-get install bubblewrap); "
    f"{OPTION} docker, with Docker and pip install 'evalscope[sandbox]'; "
    f"or {OPTION} off, typed in the line: the model's code then runs with all your rights, on your files and keys."
)


@dataclass(frozen=True)
class Available:
    """Hold what there is, and what was chosen of it."""

    layers: Layers
    probes: Sequence[Probe]

    @property
    def name(self) -> str:
        """Return the chosen layers in short, as in `landlock(7)+seccomp+bwrap`."""
        return self.layers.name


def unavailable(what: str) -> SandboxUnavailable:
    """Return the error on a sandbox that does not work, with the ways out."""
    return SandboxUnavailable(f"{what} {WAYS_OUT}")


def available(wanted: str = "auto") -> Available:
    """Return the strongest sandbox there is of the wanted kind, and what was found out about each layer.

    Found out once in this process. What is returned has confined a program that did nothing.

    Raises:
        OptionError: `wanted` is none of `SANDBOXES`.
        SandboxUnavailable: there is none; the message says what there is to be done.
    """
    if wanted not in SANDBOXES:
        raise OptionError(f"There is no sandbox {wanted!r}.{did_you_mean(wanted, SANDBOXES)}")
    if wanted == "off":
        return Available(Layers(), probes())
    if wanted == "docker":
        found = _docker()
        if not found.usable:
            raise unavailable(f"The sandbox docker does not work here: {found.says}.")
        return Available(Layers(image=IMAGE), probes())
    candidates, _ = _candidates()
    failed = []
    for layers in candidates:
        if wanted == "auto" or layers.bwrap == (wanted == "bwrap"):
            why = _trial(layers)
            if not why:
                return Available(layers, probes())
            failed.append(f"{layers.name}: {why}")
    said = " ".join(
        f"{probe.layer}: {probe.says}." for probe in probes() if not probe.usable and probe.layer != "setuid"
    )
    which = "No sandbox works here" if wanted == "auto" else f"The sandbox {wanted} does not work here"
    raise unavailable(" ".join([f"{which}. {said}", *failed]))


def probes() -> tuple[Probe, ...]:
    """Return what was found out about each layer."""
    return (*_candidates()[1], _docker())


def probe_again() -> None:
    """Forget what was found out: something may have been installed since."""
    for function in (_candidates, _trial, _docker):
        function.cache_clear()


@functools.cache
def _candidates() -> tuple[tuple[Layers, ...], tuple[Probe, ...]]:
    """Return the sandboxes that should work, the strongest first, and the probes."""
    if not sys.platform.startswith("linux"):
        return (), (Probe("landlock", False, f"this is {sys.platform}, and only Linux has it"),)
    landlock, seccomp = _landlock(), _seccomp()
    abi = abi_version(libc()) if landlock.usable else 0
    user, uid, reads = _user(abi)
    bwrap = _bwrap()
    base = Layers(landlock=abi, seccomp=True)
    wanted = []
    if bwrap.usable:
        # As an unused user only if it can read the interpreter: bubblewrap takes all capabilities away.
        wanted += [replace(base, bwrap=True, uid=uid)] * (uid > 0 and not reads)
        wanted += [replace(base, bwrap=True)]
    if abi:
        wanted += [replace(base, uid=uid, reads_as_root=reads)] * (uid > 0)
        wanted += [base]
    return tuple(wanted if seccomp.usable else ()), (landlock, seccomp, user, bwrap)


def _landlock() -> Probe:
    abi = abi_version(libc())
    if abi:
        return Probe("landlock", True, f"ABI {abi}")
    number = ctypes.get_errno()
    words = {errno.ENOSYS: "the kernel does not have it", errno.EOPNOTSUPP: "it is switched off at boot (lsm=)"}
    return Probe("landlock", False, words.get(number, os.strerror(number)))


def _seccomp() -> Probe:
    if architecture() is None:
        return Probe("seccomp", False, f"no filter is written for {os.uname().machine}")
    libc().prctl(PR_SET_SECCOMP, 2, None, 0, 0)  # fails in any case: where there are filters, by the missing one
    number = ctypes.get_errno()
    if number == errno.EFAULT:
        return Probe("seccomp", True, f"filters for {os.uname().machine}")
    return Probe("seccomp", False, f"the kernel has no filters: {os.strerror(number)}")


def _user(landlock: int) -> tuple[Probe, int, bool]:
    """Return the probe, the first user number to run as (0: none), and whether reading needs a capability."""
    if os.geteuid() != 0:
        return Probe("setuid", False, "not root: programs run as this user, held by the other layers"), 0, False
    capabilities = _capabilities()
    missing = [name for name, bit in CAPABILITIES.items() if not capabilities >> bit & 1]
    if missing:
        return Probe("setuid", False, f"root without the capabilities {', '.join(missing)}"), 0, False
    if not _is_mapped(FIRST_UID, RANGES * MOST_JOBS):
        return Probe("setuid", False, f"user numbers from {FIRST_UID} on do not exist in this container"), 0, False
    closed = closed_folder(readable_paths())
    if closed is None:
        return Probe("setuid", True, f"programs run as the user numbers from {FIRST_UID} on"), FIRST_UID, False
    why = f"only root may enter {closed}, where the interpreter's files are"
    if landlock and capabilities >> CAP_DAC_READ_SEARCH & 1:
        says = f"programs run as the user numbers from {FIRST_UID} on, with the capability to read what Landlock allows"
        return Probe("setuid", True, f"{says}, since {why}"), FIRST_UID, True
    return Probe("setuid", False, f"{why}: programs stay root without capabilities"), 0, False


def _capabilities() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        return next((int(line.split()[1], 16) for line in file if line.startswith("CapEff:")), 0)


def _is_mapped(first: int, count: int) -> bool:
    """Return whether these user numbers exist in this user namespace, and belong to nobody."""
    import pwd

    with open("/proc/self/uid_map", encoding="ascii") as file:
        ranges = [(int(line.split()[0]), int(line.split()[2])) for line in file]
    if not any(start <= first and first + count <= start + size for start, size in ranges):
        return False
    return not any(first <= user.pw_uid < first + count for user in pwd.getpwall())


def _bwrap() -> Probe:
    program = find_bwrap()
    if program is None:
        return Probe("bwrap", False, "it is not installed (apt-get install bubblewrap); it would be one layer more")
    needed = sorted({*readable_paths(), os.path.dirname(interpreter())})
    command = wrapped(program, [interpreter(), "-I", "-S", "-c", "pass"], needed, megabytes=1, as_root=True)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=START_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Probe("bwrap", False, one_line(f"{program}: {error}", 300))
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace")
        return Probe("bwrap", False, one_line(words, 300) or f"{program} ended with exit code {done.returncode}")
    return Probe("bwrap", True, f"{program} starts")


@functools.cache
def _trial(layers: Layers) -> str:
    """Run a program that does nothing. Returns an empty text if it passed, else what failed."""
    try:
        process = WarmRunner(layers)
    except SandboxFailed as error:
        return str(error)
    try:
        done = process.run(0, 0, Program("import decimal\nprint(1)", limits=Limits(cpu_s=START_S)))
    except SandboxFailed as error:
        return str(error)
    finally:
        process.close()
    return "" if done.status == "passed" else f"{done.reason} {one_line(done.stderr, 300)}"


@functools.cache
def _docker() -> Probe:
    """Find out whether Docker and `ms_enclave` are here. The image is loaded when the first program runs."""
    if importlib.util.find_spec("ms_enclave") is None or importlib.util.find_spec("docker") is None:
        return Probe("docker", False, "ms_enclave is not installed (pip install 'evalscope[sandbox]')")
    program = shutil.which("docker")
    if program is None:
        return Probe("docker", False, "there is no program docker")
    try:
        done = subprocess.run([program, "info"], capture_output=True, timeout=ANSWER_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Probe("docker", False, one_line(f"the engine does not answer: {error}", 300))
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        return Probe("docker", False, one_line(f"the engine does not answer: {said}", 300))
    return Probe("docker", True, f"containers of {IMAGE} by ms_enclave, without a network")
