"""Programs that are faulty on purpose, most of them the good pong with one thing changed, and what is found of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tests.bench.games.transcripts import program

__all__ = ["FAULTY", "Faulty"]

PONG: Final = program("pong")


class Faulty(NamedTuple):
    """Hold a program, the state that it is to have, and some of its checks."""

    code: str
    state: str
    checks: Mapping[str, bool | None] = MappingProxyType({})
    says: str = ""
    """Words that must stand in what is said of it: the error, or how a play ended."""
    is_long: bool = False
    """Whether it takes more than a second to be told apart."""


def changed(*pairs: tuple[str, str]) -> str:
    """Return the good pong with texts replaced, each of which stands in it once."""
    code = PONG
    for old, new in pairs:
        assert code.count(old) == 1, old
        code = code.replace(old, new)
    return code


LOOP: Final = "running = True\nwhile running:"
FLIP: Final = "    pygame.display.flip()\n"
QUIT: Final = "if event.type == pygame.QUIT:\n            running = False"
DRAWING: Final = PONG[PONG.index("    screen.fill") : PONG.index(FLIP)]
MOVING: Final = "    ball.move_ip(velocity)\n"

_FORGED: Final[dict[str, Any]] = {
    "nonce": "0" * 32,
    "ended": "exit",
    "seconds": 99.0,
    "flips": 0,
    "window": [640, 480],
    "frame": [0, 0],
    "frames": 0,
    "quit_flip": 0,
    "marks": {},
    "texts": [[0, "Score: 1"], [0, "Score: 2"]],
    "error": None,
}

_REAL_EXIT: Final = "import ctypes\nctypes.CDLL(None)._exit({code})\n"

_ALL: Final[dict[str, Faulty]] = {
    "a name that is missing, at a key": Faulty(
        changed(("keys[pygame.K_s] - keys[pygame.K_w]", "(keys[pygame.K_s] and step) - keys[pygame.K_w]")),
        "crashed",
        {"starts": True, "runs": False, "reacts_to_s": None, "reacts_to_w": True},
        "NameError: name 'step' is not defined",
    ),
    "no picture": Faulty(changed((DRAWING, "")), "blank", {"starts": True, "draws": False, "runs": True}),
    "a picture that stands still": Faulty(
        changed((MOVING, ""), ("SPEED = 6", "SPEED = 0")),
        "no_reaction",
        {"draws": False, "reacts_to_w": False, "restarts": None},
    ),
    "hears no key": Faulty(
        changed(("SPEED = 6", "SPEED = 0")),
        "no_reaction",
        {"draws": True, "runs": True, "reacts_to_w": False, "reacts_to_up": False},
    ),
    "hears one key less": Faulty(
        changed(("keys[pygame.K_s] - keys[pygame.K_w]", "keys[pygame.K_s]")),
        "ran",
        {"reacts_to_w": False, "reacts_to_s": True},
    ),
    "ignores QUIT": Faulty(
        changed((QUIT, "if False:\n            running = False")),
        "ran",
        {"ends_on_quit": False, "ends_on_escape": True, "runs": True},
        "went on after QUIT",
    ),
    "ignores ESC": Faulty(changed(("event.key == pygame.K_ESCAPE", "False")), "ran", {"ends_on_escape": False}),
    "does not restart": Faulty(changed(("event.key == pygame.K_r", "False")), "ran", {"restarts": False}),
    "writes no score": Faulty(
        changed(
            ("    screen.blit(text, (WIDTH // 2 - text.get_width() // 2, 12))\n", ""),
            ('    text = font.render(f"{score[0]}   {score[1]}", True, (200, 205, 225))\n', ""),
        ),
        "ran",
        {"shows_score": False, "changes_score": None},
    ),
    "never flips": Faulty(changed((FLIP, "")), "blank", {"starts": False, "draws": False, "runs": False}),
    "an exception after QUIT": Faulty(
        changed((QUIT, "if event.type == pygame.QUIT:\n            pygame.quit()")),
        "ran",
        {"runs": True, "ends_on_quit": False, "ends_on_escape": True},
        "after QUIT",
    ),
    "an image that is missing": Faulty(
        changed(
            ("clock = pygame.time.Clock()", "ball_image = pygame.image.load('ball.png')\nclock = pygame.time.Clock()")
        ),
        "crashed",
        {"starts": False, "runs": False, "reacts_to_w": None},
        "FileNotFoundError",
    ),
    "a module that is missing": Faulty(
        "import arcade_engine\n" + PONG, "crashed", {"starts": False}, "ModuleNotFoundError"
    ),
    "a syntax error": Faulty(
        PONG.replace("def serve(direction):", "def serve(direction)"), "crashed", {}, "SyntaxError"
    ),
    "asks for input": Faulty("name = input('Your name? ')\n" + PONG, "crashed", {"starts": False}, "EOFError"),
    "clocks of Python": Faulty(
        changed(
            ("import random\n", "import random\nimport time\n"),
            (
                "    clock.tick(60)\n",
                "    while time.perf_counter() < shown + 1 / 60:\n        pass\n    shown = time.perf_counter()\n",
            ),
            (LOOP, "shown = time.perf_counter()\n" + LOOP),
        ),
        "ran",
        {"runs": True, "reacts_to_w": True, "ends_on_quit": True},
    ),
    "chance from the system": Faulty(
        changed(("random.choice((-4, -3, 3, 4))", "random.SystemRandom().choice((-4, -3, 3, 4))")),
        "ran",
        {"reacts_to_w": True},
    ),
    "two plays that differ": Faulty(
        "import secrets, uuid, ctypes\n"
        + changed(
            (DRAWING, DRAWING + "    pygame.draw.circle(screen, (255, 0, 0), (noise[0] % WIDTH, noise[1]), 9)\n"),
            (
                LOOP,
                "noise = ctypes.create_string_buffer(2)\nctypes.CDLL(None).getrandom(noise, 2, 0)\nnoise = noise.raw\n"
                + LOOP,
            ),
        ),
        "ran",
        {"reacts_to_w": None, "reacts_to_up": None, "runs": True},
        "differ from each other",
    ),
    "its own clean end": Faulty(
        changed((MOVING, MOVING + "    if pygame.time.get_ticks() > 400:\n        sys.exit()\n")),
        "ran",
        {"runs": False, "ends_on_quit": None},
        "ended by itself",
    ),
    "os._exit": Faulty(
        changed((MOVING, MOVING + "    if pygame.time.get_ticks() > 400:\n        import os\n        os._exit(0)\n")),
        "ran",
        {"runs": False, "starts": True},
        "ended by itself",
    ),
    "an end past Python": Faulty(
        changed((LOOP, _REAL_EXIT.format(code=0) + LOOP)), "crashed", {"starts": False}, "ended its process by itself"
    ),
    "a segmentation fault": Faulty(
        changed(
            (
                MOVING,
                MOVING + "    if pygame.time.get_ticks() > 400:\n        import ctypes\n        ctypes.string_at(0)\n",
            )
        ),
        "crashed",
        {"starts": True, "runs": False},
        "it was ended by SIG",
    ),
    "a huge window": Faulty(
        changed(("WIDTH, HEIGHT = 640, 480", "WIDTH, HEIGHT = 64_000, 48_000")),
        "crashed",
        {"starts": False},
        "64,000 × 48,000",
    ),
    "output without end": Faulty(
        changed((LOOP, "while True:\n    print('x' * 10_000)\n" + LOOP)),
        "crashed",
        {"starts": False},
        "it wrote more than",
    ),
    "a forged report": Faulty(
        changed(
            (
                LOOP,
                f"import json\nopen('report.json', 'w').write(json.dumps({_FORGED!r}))\n"
                + _REAL_EXIT.format(code=0)
                + LOOP,
            )
        ),
        "undecided",
        {"starts": None, "draws": None, "runs": None, "reacts_to_w": None, "shows_score": None, "ends_on_quit": None},
        "not the driver's",
    ),
    "frames of its own": Faulty(
        changed((MOVING, MOVING + "    open('frames.raw', 'ab').write(b'x' * 1000)\n")),
        "undecided",
        {"draws": None, "runs": None},
        "frames that its report",
    ),
    "hashes of its own": Faulty(
        changed((MOVING, MOVING + "    open('hashes.bin', 'ab').write(b'x' * 80_000)\n")),
        "undecided",
        {"draws": None},
        "counts other frames",
    ),
    "closes what it has not opened": Faulty(
        "import os\nos.closerange(3, 60)\n" + PONG, "crashed", {"draws": False}, "Bad file descriptor"
    ),
    "a report in its place is a link": Faulty(
        changed((LOOP, "import os\nos.symlink('/etc/passwd', 'report.json')\n" + _REAL_EXIT.format(code=0) + LOOP)),
        "crashed",
        {"starts": False},
    ),
    "a report in its place is a folder": Faulty(
        changed((LOOP, "import os\nos.mkdir('report.json')\n" + _REAL_EXIT.format(code=0) + LOOP)),
        "crashed",
        {"starts": False},
    ),
    "a loop that catches all": Faulty(
        "import pygame\npygame.init()\nscreen = pygame.display.set_mode((200, 100))\nclock = pygame.time.Clock()\n"
        "while True:\n    try:\n        pygame.event.get()\n        screen.fill((0, 0, 200))\n"
        "        pygame.display.flip()\n        clock.tick(60)\n    except BaseException:\n        pass\n",
        "blank",
        {"ends_on_quit": False, "runs": True},
    ),
    "waits for an event": Faulty(
        "import pygame\npygame.init()\nscreen = pygame.display.set_mode((200, 100))\nshade = 0\nwhile True:\n"
        "    event = pygame.event.wait()\n    if event.type == pygame.QUIT:\n        break\n"
        "    if event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE:\n        break\n"
        "    if event.type == pygame.KEYDOWN:\n        shade += 1\n"
        "    screen.fill((shade % 256, 40, 40))\n    pygame.display.flip()\n",
        "ran",
        {"reacts_to_w": True, "runs": True, "ends_on_quit": True},
    ),
    "threads": Faulty(
        "import threading, time\n"
        + changed(
            (
                LOOP,
                "def ticking():\n    while running:\n        score[0] += 1\n        time.sleep(0.01)\nrunning = True\n"
                "threading.Thread(target=ticking, daemon=True).start()\n" + LOOP,
            )
        ),
        "ran",
        {},
    ),
    "time that never ends": Faulty(
        changed((MOVING, MOVING + "    if keys[pygame.K_w]:\n        while True:\n            pass\n")),
        "crashed",
        {"starts": True, "runs": False},
        "out of time",
    ),
    "all the memory": Faulty(
        changed((LOOP, "hoard = [bytearray(100_000_000) for _ in range(100)]\n" + LOOP)),
        "crashed",
        {"starts": False},
        "MemoryError",
    ),
    "another process": Faulty(
        "import subprocess\nsubprocess.run(['ls'])\n" + PONG, "crashed", {"starts": False}, "PermissionError"
    ),
}

_SHORT: Final = frozenset(
    {
        "a forged report",
        "a huge window",
        "a module that is missing",
        "a name that is missing, at a key",
        "a report in its place is a folder",
        "a report in its place is a link",
        "a syntax error",
        "an end past Python",
        "an image that is missing",
        "another process",
        "asks for input",
        "closes what it has not opened",
        "never flips",
        "no picture",
        "output without end",
    }
)

FAULTY: Final = {name: each._replace(is_long=name not in _SHORT) for name, each in _ALL.items()}
