"""What a program may try against the machine that runs it, each in a few lines that do no harm where they succeed.

An attempt prints ESCAPED if it succeeded; an exception, and an end without that word, mean that it was held. Counts and
sizes are small. `C` holds what there is to be attacked: see `Surroundings` in `attempt_runner.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ATTEMPTS", "Attempt", "source"]

HEAD = """
import ctypes, errno, json, os, signal, socket, sys, time
C = json.loads({context!r})
NR = C["numbers"]
libc = ctypes.CDLL(None, use_errno=True)
def escaped(note=""):
    os.write(1, f"ESCAPED {{note}}".encode())
    os._exit(0)
def call(name, *arguments):
    result = libc.syscall(NR[name], *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""


@dataclass(frozen=True)
class Attempt:
    """One attempt."""

    name: str
    code: str
    only_root: bool = False
    """Whether it succeeds for root alone where nothing confines it."""
    needs_landlock: bool = False
    """Whether bubblewrap alone lets it pass, and it does no harm there."""
    rare: bool = False
    """Whether many machines deny it anyway: a container's own filter, a kernel built without it."""
    checked_outside: bool = False
    """Whether it is seen from outside, and not by the program, that it succeeded: see `attempt_runner.py`."""
    limits: Mapping[str, float] = field(default_factory=dict)


def source(attempt: Attempt, context: Mapping[str, Any]) -> str:
    """The program of an attempt, with what it attacks."""
    return HEAD.format(context=json.dumps(context)) + attempt.code


ATTEMPTS = (
    # -- files -------------------------------------------------------------------------------------------------------
    Attempt(
        "read a file of HOME",
        "escaped(open(C['secret']).read())",
    ),
    Attempt(
        "read it through a symbolic link",
        "os.symlink(C['secret'], 'link'); escaped(open('link').read())",
    ),
    Attempt(
        "read it through a linked folder",
        "os.symlink(C['home'], 'l'); escaped(open('l/secret').read())",
    ),
    Attempt(
        "read it through a hard link",
        "os.link(C['secret'], 'hard'); escaped(open('hard').read())",
    ),
    Attempt(
        "read it through ..",
        "escaped(open('/'.join(['..'] * 20) + C['secret']).read())",
    ),
    Attempt(
        "read it through /proc/self/root",
        "escaped(open('/proc/self/root' + C['secret']).read())",
    ),
    Attempt(
        "list HOME",
        "escaped(os.listdir(C['home']))",
    ),
    Attempt(
        "list the folders of other jobs",
        "os.listdir('..') and escaped()",
    ),
    Attempt(
        "change the packages that are installed",
        "import site\n"
        "for place in {os.path.dirname(os.__file__), *sys.path}:\n"
        "    if place.endswith(('packages', 'python3', os.path.basename(os.path.dirname(os.__file__)))):\n"
        "        with open(place + '/' + C['mark'], 'w'): os.unlink(place + '/' + C['mark'])\n"
        "        escaped(place)",
        only_root=True,
    ),
    Attempt(
        "read the accounts of the system",
        "escaped(open('/etc/passwd').read()[:20])",
    ),
    Attempt(
        "write a file outside",
        "open(C['outside'] + '/made', 'w').write('x')",
        checked_outside=True,
    ),
    Attempt(
        "write a file outside through a link",
        "os.symlink(C['outside'] + '/made', 'link'); open('link', 'w').write('x')",
        checked_outside=True,
    ),
    Attempt(
        "make a folder outside",
        "os.mkdir(C['outside'] + '/made')",
        checked_outside=True,
    ),
    Attempt(
        "move a file outside",
        "open('here', 'w').close(); os.rename('here', C['outside'] + '/made')",
        checked_outside=True,
    ),
    Attempt(
        "delete a file outside",
        "os.unlink(C['outside'] + '/victim')",
        checked_outside=True,
    ),
    Attempt(
        "take a file away from outside",
        "os.rename(C['outside'] + '/victim', 'mine')",
        checked_outside=True,
    ),
    Attempt(
        "cut a file outside",
        "os.truncate(C['outside'] + '/victim', 0)",
        checked_outside=True,
    ),
    Attempt(
        "cut a file outside by opening it",
        "os.open(C['outside'] + '/victim', os.O_RDONLY | os.O_TRUNC)",
        checked_outside=True,
    ),
    Attempt(
        "change the mode of a file outside",
        "os.chmod(C['outside'] + '/victim', 0o640)",
        checked_outside=True,
    ),
    Attempt(
        "change the times of a file outside",
        "os.utime(C['outside'] + '/victim', (1, 1))",
        checked_outside=True,
    ),
    Attempt(
        "set an attribute of a file outside",
        "os.setxattr(C['outside'] + '/victim', 'user.made', b'x')",
        checked_outside=True,
        rare=True,
    ),
    Attempt(
        "change the mode of the interpreter's library, opened for reading",
        "fd = os.open(os.__file__, os.O_RDONLY)\nos.fchmod(fd, os.fstat(fd).st_mode)\nescaped()",
        only_root=True,
    ),
    Attempt(
        "change the flags of the interpreter's library, opened for reading",
        "import fcntl\n"
        "fd = os.open(os.__file__, os.O_RDONLY); b = bytearray(8)\n"
        "fcntl.ioctl(fd, 0x80086601, b)\n"
        "fcntl.ioctl(fd, 0x40086602, bytes(b))\n"
        "escaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "hold others up by a lease on the interpreter's library",
        "import fcntl\nfcntl.fcntl(os.open(os.__file__, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)\nescaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "watch what others do in a folder",
        "escaped(call('inotify_add_watch', call('inotify_init1', 0), C['outside'].encode(), 0x100))",
    ),
    Attempt(
        "leave files in the folders for temporary files",
        "for place in ('/tmp', '/var/tmp', '/dev/shm'):\n"
        "    try: open(f'{place}/{C[\"mark\"]}', 'w').close()\n"
        "    except OSError: pass",
        checked_outside=True,
    ),
    Attempt(
        "write where nobody counts",
        "for place in ('/', '/tmp', '/var/tmp', '/dev', '/dev/shm', '/run', '..', '../..'):\n"
        "    try:\n"
        "        with open(f'{place}/{C[\"mark\"]}', 'w'): os.unlink(f'{place}/{C[\"mark\"]}')\n"
        "        escaped(place)\n"
        "    except OSError: pass",
    ),
    Attempt(
        "change a setting of the kernel",
        "os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)\nescaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "make a device",
        "os.mknod('device', 0o20666, os.makedev(1, 3)); escaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "make a pipe in the file system",
        "os.mkfifo('fifo'); escaped()",
    ),
    Attempt(
        "open its own memory as a file",
        "open('/proc/self/mem', 'r+b'); escaped()",
        needs_landlock=True,
    ),
    Attempt(
        "open the memory of its parent",
        "open(f'/proc/{os.getppid()}/mem', 'rb'); escaped()",
    ),
    Attempt(
        "read the kernel's log",
        "os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK); escaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "read the cgroups",
        "escaped(os.listdir('/sys/fs/cgroup'))",
    ),
    Attempt(
        "open a file by its handle",
        "h = ctypes.create_string_buffer(b'\\x80\\0\\0\\0' + b'\\0' * 132); m = ctypes.c_int()\n"
        "call('name_to_handle_at', -100, C['secret'].encode(), h, ctypes.byref(m), 0); escaped()",
        rare=True,
    ),
    # -- the environment, and other processes -----------------------------------------------------------------------
    Attempt(
        "read a key from the environment",
        "escaped(os.environ['SANDBOX_TEST_API_KEY'])",
    ),
    Attempt(
        "read its parent's environment",
        "escaped(len(open(f'/proc/{os.getppid()}/environ', 'rb').read()))",
    ),
    Attempt(
        "read the environment of another process",
        "escaped(len(open(f'/proc/{C[\"pid\"]}/environ', 'rb').read()))",
    ),
    Attempt(
        "list the processes",
        "str(C['pid']) in os.listdir('/proc') and escaped()",
    ),
    Attempt(
        "signal another process",
        "os.kill(C['pid'], signal.SIGUSR1)",
        checked_outside=True,
    ),
    Attempt(
        "signal its parent",
        "os.kill(os.getppid(), signal.SIGCONT); escaped()",
    ),
    Attempt(
        "signal everybody",
        "os.kill(-1, 0); escaped()",
    ),
    Attempt(
        "signal a thread of another process",
        "call('tkill', C['pid'], signal.SIGUSR1)",
        checked_outside=True,
    ),
    Attempt(
        "signal another process by its descriptor",
        "call('pidfd_send_signal', call('pidfd_open', C['pid'], 0), signal.SIGUSR1, None, 0)",
        checked_outside=True,
    ),
    Attempt(
        "signal another process as the owner of a pipe",
        "import fcntl; r, w = os.pipe()\n"
        "fcntl.fcntl(r, 10, signal.SIGUSR1); fcntl.fcntl(r, 8, C['pid'])\n"
        "fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)\n"
        "os.write(w, b'x')\n"
        "time.sleep(0.1)",
        checked_outside=True,
    ),
    Attempt(
        "queue a signal to another process",
        "info = ctypes.create_string_buffer(128)\n"
        "ctypes.memmove(info, (10).to_bytes(4, 'little') + bytes(4) + (-1).to_bytes(4, 'little', signed=True), 12)\n"
        "call('rt_sigqueueinfo', C['pid'], signal.SIGUSR1, info)",
        checked_outside=True,
    ),
    Attempt(
        "set the limits of another process",
        "import resource; resource.prlimit(C['pid'], resource.RLIMIT_CORE, (0, 0)); escaped()",
    ),
    Attempt(
        "slow another process down",
        "n = os.getpriority(os.PRIO_PROCESS, C['pid'])\n"
        "os.setpriority(os.PRIO_PROCESS, C['pid'], min(19, n + 1))\n"
        "escaped()",
    ),
    Attempt(
        "bind another process to a processor",
        "os.sched_setaffinity(C['pid'], os.sched_getaffinity(0)); escaped()",
    ),
    Attempt(
        "trace another process",
        "call('ptrace', 16, C['pid'], 0, 0); escaped()",
        rare=True,
    ),
    Attempt(
        "trace its parent",
        "call('ptrace', 0x4206, os.getppid(), 0, 0); escaped()",
        rare=True,
    ),
    Attempt(
        "read the memory of another process",
        "b = ctypes.create_string_buffer(8)\n"
        "class V(ctypes.Structure): _fields_ = (('a', ctypes.c_void_p), ('n', ctypes.c_size_t))\n"
        "here, there = V(ctypes.addressof(b), 8), V(C['address'], 8)\n"
        "call('process_vm_readv', C['pid'], ctypes.byref(here), 1, ctypes.byref(there), 1, ctypes.c_ulong(0))\n"
        "escaped()",
        rare=True,
    ),
    Attempt(
        "outlive its parent",
        "libc.prctl(1, 0, 0, 0, 0) == 0 and escaped('nothing kills it when its parent ends')",
    ),
    # -- new processes and programs ----------------------------------------------------------------------------------
    Attempt(
        "make many processes",
        "n = 0\n"
        "for _ in range(40):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        time.sleep(0.5); os._exit(0)\n"
        "    n += 1\n"
        "escaped(n)",
    ),
    Attempt(
        "make a process by vfork",
        "os.posix_spawn('/bin/true', ['true'], {}); escaped()",
    ),
    Attempt(
        "make a process by clone",
        "pid = call('clone', 17, 0, 0, 0, 0)\nos._exit(0) if pid == 0 else escaped()",
    ),
    Attempt(
        "make a process by clone3",
        "a = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17, 0, 0, 0)\n"
        "pid = call('clone3', a, ctypes.sizeof(a))\n"
        "os._exit(0) if pid == 0 else escaped()",
        rare=True,
    ),
    Attempt(
        "run another program",
        "import subprocess; escaped(subprocess.run(['/bin/true']).returncode)",
    ),
    Attempt(
        "become another program",
        "os.execv('/bin/echo', ['echo', 'ESCAPED'])",
    ),
    Attempt(
        "become a program that is in memory",
        "fd = call('memfd_create', b'x', 0); os.write(fd, b'#!/bin/echo ESCAPED\\n')\n"
        "os.execve(f'/proc/self/fd/{fd}', ['x'], {})",
    ),
    Attempt(
        "leave a process behind",
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        libc.prctl(15, C['mark'][:15].encode(), 0, 0, 0)\n"
        "        for n in range(3): os.dup2(os.open('/dev/null', os.O_RDWR), n)\n"
        "        time.sleep(20)\n"
        "    os._exit(0)\n"
        "time.sleep(0.2)",
        checked_outside=True,
    ),
    # -- the network -------------------------------------------------------------------------------------------------
    Attempt(
        "connect by TCP",
        "s = socket.create_connection(('127.0.0.1', C['port']), 2)\ns.sendall(b'x')\nescaped(s.recv(10))",
    ),
    Attempt(
        "send by UDP",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', C['port']))\nescaped()",
    ),
    Attempt(
        "connect to an abstract Unix socket",
        "socket.socket(socket.AF_UNIX).connect('\\0' + C['mark']); escaped()",
    ),
    Attempt(
        "connect to a Unix socket in a folder",
        "socket.socket(socket.AF_UNIX).connect(C['unix']); escaped()",
    ),
    Attempt(
        "send to a Unix socket from a pair",
        "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\na.sendto(b'x', C['unix_datagrams'])\nescaped()",
    ),
    Attempt(
        "listen",
        "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); escaped()",
    ),
    Attempt(
        "ask the kernel for its interfaces",
        "socket.socket(16, socket.SOCK_RAW, 0); escaped()",
    ),
    Attempt(
        "send raw packets",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); escaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "make rings for io_uring",
        "call('io_uring_setup', 1, ctypes.create_string_buffer(120)); escaped()",
        rare=True,
    ),
    # -- the kernel --------------------------------------------------------------------------------------------------
    Attempt(
        "make a user namespace",
        "call('unshare', 0x10000000); escaped()",
        rare=True,
    ),
    Attempt(
        "make a user namespace by clone",
        "pid = call('clone', 0x10000000 | 17, 0, 0, 0, 0)\nos._exit(0) if pid == 0 else escaped()",
        rare=True,
    ),
    Attempt(
        "mount a file system",
        "os.mkdir('m')\nlibc.mount(b'none', b'm', b'tmpfs', 0, None) == 0 and (libc.umount(b'm'), escaped())",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "change its root",
        "os.chroot('.'); escaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "load a program into the kernel",
        "a = ctypes.create_string_buffer(b'\\1\\0\\0\\0\\4\\0\\0\\0\\4\\0\\0\\0\\1\\0\\0\\0', 128)\n"
        "call('bpf', 0, a, 128)\n"
        "escaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "count what the processor does",
        "a = ctypes.create_string_buffer((1).to_bytes(4, 'little') + (128).to_bytes(4, 'little') + bytes(120), 128)\n"
        "call('perf_event_open', a, 0, -1, -1, 0); escaped()",
        rare=True,
        only_root=True,
    ),
    Attempt(
        "handle page faults of the kernel",
        "call('userfaultfd', 1); escaped()",
        rare=True,
    ),
    Attempt(
        "add a key to the kernel's keyring",
        "call('add_key', b'user', b'sandbox-test', b'x', 1, -1); escaped()",
        rare=True,
    ),
    Attempt(
        "map memory that may run against the rules",
        "call('personality', 0x0400000); escaped()",
        rare=True,
    ),
    Attempt(
        "set the name of the machine",
        "n = os.uname().nodename.encode(); call('sethostname', n, len(n)); escaped()",
        only_root=True,
        rare=True,
    ),
    Attempt(
        "call the kernel by its x32 numbers",
        "call_x32 = libc.syscall(0x40000000 | 39); escaped() if call_x32 > 0 else None",
        rare=True,
    ),
    Attempt(
        "call the kernel as a 32-bit program",
        "import mmap, platform\n"
        "assert platform.machine() == 'x86_64'\n"
        "m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('53b814000000cd805bc3'))\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
        "f() > 0 and escaped()",
        rare=True,
    ),
    # -- memory, and what outlives a process ------------------------------------------------------------------------
    Attempt(
        "take more memory than it may",
        "b = bytearray(150 << 20); b[::4096] = b'x' * len(b[::4096]); escaped()",
        limits={"memory_mb": 64},
    ),
    Attempt(
        "take memory that no limit counts",
        "fd = call('memfd_create', b'x', 0); os.write(fd, b'x'); escaped()",
    ),
    Attempt(
        "take shared memory that stays",
        "n = call('shmget', 0, 4096, 0o1600); call('shmctl', n, 0, None); escaped()",
        rare=True,
    ),
    Attempt(
        "make a message queue that stays",
        "n = call('msgget', 0, 0o1600); call('msgctl', n, 0, None); escaped()",
        rare=True,
    ),
    Attempt(
        "make semaphores that stay",
        "n = call('semget', 0, 1, 0o1600); call('semctl', n, 0, 0); escaped()",
        rare=True,
    ),
    Attempt(
        "make a file larger than it may",
        "open('big', 'wb').write(b'x' * (6 << 20)); escaped()",
        limits={"file_mb": 4},
    ),
    Attempt(
        "make many files, larger together than it may",
        "for n in range(16): open(f'f{n}', 'wb').write(b'x' * (1 << 20)); time.sleep(0.03)\nescaped()",
        limits={"file_mb": 4},
    ),
    Attempt(
        "make many files that it deletes and keeps open",
        "held = []\n"
        "for n in range(16):\n"
        "    held.append(open('f', 'wb', 0)); held[-1].write(b'x' * (1 << 20)); os.unlink('f'); time.sleep(0.03)\n"
        "escaped()",
        limits={"file_mb": 4},
        needs_landlock=True,
    ),
    Attempt(
        "hide files in a folder that is closed to others",
        "os.mkdir('d', 0o300)\n"
        "for n in range(16):\n"
        "    open(f'd/f{n}', 'wb').write(b'x' * (1 << 20)); time.sleep(0.03)\n"
        "escaped()",
        limits={"file_mb": 4},
    ),
    Attempt(
        "hide files so deep that no path reaches them",
        "for _ in range(50): os.mkdir('d' * 100); os.chdir('d' * 100)\n"
        "for n in range(16):\n"
        "    open(f'f{n}', 'wb').write(b'x' * (1 << 20)); time.sleep(0.03)\n"
        "escaped()",
        limits={"file_mb": 4},
    ),
    Attempt(
        "make very many files",
        "for n in range(2500): open(f'f{n}', 'w').close()\ntime.sleep(0.3); escaped()",
    ),
    Attempt(
        "start very many threads",
        "import threading; threading.stack_size(32768); e = threading.Event()\n"
        "for _ in range(300): threading.Thread(target=e.wait, daemon=True).start()\n"
        "time.sleep(0.3); escaped()",
    ),
    Attempt(
        "leave a core dump",
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)); escaped()",
    ),
    Attempt(
        "open very many files",
        "held = [open('/dev/null') for _ in range(100)]; escaped()",
    ),
    Attempt(
        "open the folder that it runs in to others",
        "os.chmod('.', 0o777); escaped()",
    ),
)
