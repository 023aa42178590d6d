"""The seccomp filter of both architectures, run by a machine of our own: one of them is not here."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.sandbox.seccomp import filter_program
from qwq_nb.sandbox.syscalls import ARCHITECTURES, DENIED, LAST_KNOWN, LOOKED_AT, number_of

PID = 4711
ALLOWED, DENIED_BY_FILTER, NOT_THERE, KILLED = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000

MACHINES = sorted(ARCHITECTURES)


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter of this machine answers to a system call: classic BPF, as the kernel runs it."""
    architecture = ARCHITECTURES[machine]
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, architecture.audit if audit is None else audit, 0, *padded)
    steps = list(struct.iter_unpack("=HBBI", filter_program(architecture, PID)))
    accumulator = place = 0
    while True:
        operation, if_true, if_false, operand = steps[place]
        place += 1
        if operation == 0x06:
            return int(operand)
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        else:
            holds = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }[operation]
            place += if_true if holds else if_false


def answer(machine: str, name: str, *arguments: int) -> int:
    number = number_of(name, ARCHITECTURES[machine])
    assert number is not None
    return verdict(machine, number, *arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_in_the_table_is_denied(machine: str) -> None:
    for name in DENIED:
        number = number_of(name, ARCHITECTURES[machine])
        if number is not None:
            assert verdict(machine, number) == DENIED_BY_FILTER, name


@pytest.mark.parametrize("machine", MACHINES)
def test_what_programs_need_is_allowed(machine: str) -> None:
    """read, write, mmap, futex, exit_group, getpid, getrandom: on both machines."""
    needed = {"x86_64": (0, 1, 9, 202, 231, 39, 318), "aarch64": (63, 64, 222, 98, 94, 172, 278)}
    assert {verdict(machine, number) for number in needed[machine]} == {ALLOWED}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (("clone", 0x003D0F00), ALLOWED),  # as pthread_create has it
        (("clone", 17), DENIED_BY_FILTER),
        (("clone", 0x00010000 | 0x10000000), DENIED_BY_FILTER),
        (("clone", 0x00010000 | 0x00000080), DENIED_BY_FILTER),
        (("clone3",), NOT_THERE),
        (("openat2",), NOT_THERE),
        (("kill", PID, 9), ALLOWED),
        (("kill", PID + 1, 9), DENIED_BY_FILTER),
        (("kill", 0, 9), DENIED_BY_FILTER),
        (("kill", 2**32 - 1, 9), DENIED_BY_FILTER),
        (("tgkill", PID, PID, 6), ALLOWED),
        (("tgkill", 1, 1, 6), DENIED_BY_FILTER),
        (("prlimit64", 0, 7), ALLOWED),
        (("prlimit64", 1, 7), DENIED_BY_FILTER),
        (("setpriority", 0, 0, 5), ALLOWED),
        (("setpriority", 0, 1, 5), DENIED_BY_FILTER),
        (("setpriority", 2, 0, 5), DENIED_BY_FILTER),
        (("prctl", 15), ALLOWED),
        (("prctl", 1), DENIED_BY_FILTER),
        (("prctl", 4), DENIED_BY_FILTER),
        (("fcntl", 0, 3), ALLOWED),
        (("fcntl", 0, 8), DENIED_BY_FILTER),
        (("fcntl", 0, 10), DENIED_BY_FILTER),
        (("fcntl", 0, 15), DENIED_BY_FILTER),
        (("fcntl", 0, 0), ALLOWED),
        (("fcntl", 0, 1030), ALLOWED),
        (("fcntl", 0, 1024), DENIED_BY_FILTER),
        (("fcntl", 0, 1026), DENIED_BY_FILTER),
        (("ioctl", 0, 0x5401), ALLOWED),
        (("ioctl", 0, 0x5412), DENIED_BY_FILTER),
        (("ioctl", 0, 0x541C), DENIED_BY_FILTER),
        (("ioctl", 0, 0x541B), ALLOWED),
        (("ioctl", 0, 0x40086602), DENIED_BY_FILTER),
        (("ioctl", 0, 0x40806685), DENIED_BY_FILTER),
        (("openat", 0, 0, 0o1), ALLOWED),
        (("openat", 0, 0, 0o1001), ALLOWED),
        (("openat", 0, 0, 0o1000), DENIED_BY_FILTER),
        (("openat", 0, 0, 0o2001000), DENIED_BY_FILTER),
        (("socketpair", 1, 1), ALLOWED),
        (("socketpair", 1, 0o2004001), ALLOWED),
        (("socketpair", 1, 2), DENIED_BY_FILTER),
        (("socketpair", 1, 5), DENIED_BY_FILTER),
        (("socketpair", 16, 1), DENIED_BY_FILTER),
    ],
)
def test_what_depends_on_its_arguments(machine: str, call: tuple[Any, ...], expected: int) -> None:
    assert answer(machine, *call) == expected


def test_open_of_x86_is_looked_at_as_openat_is() -> None:
    assert answer("x86_64", "open", 0, 0o1000) == DENIED_BY_FILTER
    assert answer("x86_64", "open", 0, 0o1101) == ALLOWED


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_machine_kill_the_process(machine: str) -> None:
    i386 = 0x40000003
    assert verdict(machine, 20, audit=i386) == KILLED
    assert {verdict(machine, 20, audit=other.audit) for name, other in ARCHITECTURES.items() if name != machine} == {
        KILLED
    }


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("number", [LAST_KNOWN + 1, 463, 500, 0x40000000, 0x40000000 | 59, 2**32 - 1])
def test_calls_that_nobody_knows_yet_are_not_there(machine: str, number: int) -> None:
    """Newer ones, such as setxattrat, and those of x32."""
    assert verdict(machine, number) == NOT_THERE


@pytest.mark.parametrize("machine", MACHINES)
def test_a_filter_is_short_enough(machine: str) -> None:
    assert len(filter_program(ARCHITECTURES[machine], PID)) // 8 < 4096


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    header = HEADERS[machine]
    if not header.is_file():
        pytest.skip(f"{header} is not here (apt-get install linux-libc-dev)")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", header.read_text(), re.MULTILINE))
    ours = {name: number_of(name, ARCHITECTURES[machine]) for name in (*DENIED, *LOOKED_AT)}
    last = max(int(number) for name, number in found.items() if name != "syscalls")
    known = {name: number for name, number in ours.items() if number is None or number <= last}
    assert {name: number for name, number in known.items() if str(number) != found.get(name, "None")} == {}
    assert len(known) > 100
