"""Play a pygame program without a screen: a program of its own, which is run in the sandbox beside `game.py`.

It imports nothing of qwq_nb but `stand_ins.py`, which lies beside it. `play.json` says what to do; it leaves
`hashes.bin` (8 bytes a frame shown), `frames.raw` (some frames, scaled, RGB) and `report.json`. Time is virtual: it
passes where the game waits or shows a frame, so that a play is the same on every machine. Chance has a seed.

The game runs in this process and may change all of it: what is left here is what a program says of itself that does
not set out to deceive. `qwq_nb.bench.games.report` reads it as such.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import random
import sys
import threading
import time
import traceback
import types
from typing import Any, Final, NoReturn

GAME: Final = "game.py"
FRAME_MS: Final = 1000 / 60
GRACE_MS: Final = 1000.0
"""Virtual time from QUIT until a game that goes on is ended."""
MOST_PIXELS: Final = 1 << 24
"""Of a window."""
MOST_TEXTS: Final = 400
LONGEST_TEXT: Final = 60
LONGEST_TRACEBACK: Final = 4000

NO_PYGAME: Final = 3

_PATIENCE: Final = 100
"""Milliseconds that a thread waits for the game's to let time pass."""
_exit = os._exit
_sleep = time.sleep
_write = os.write
_blake = hashlib.blake2b


class Recorder:
    """Write down what is shown and said, as it comes: a game that is killed leaves what there was until then."""

    def __init__(self, side: int, every_ms: float) -> None:
        """`side`: the longest side of a kept frame; 0: none is kept. `every_ms`: virtual time between two of them."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self.hashes, self.raw = os.open("hashes.bin", flags, 0o600), os.open("frames.raw", flags, 0o600)
        self.side, self.every_ms, self.next_ms = side, every_ms, 0.0
        self.flips = self.frames = 0
        self.window: list[int] = [0, 0]
        self.frame: list[int] = [0, 0]
        self.texts: list[list[Any]] = []
        self.said: dict[str, str] = {}
        self.calls: list[list[Any]] = []

    def text(self, text: Any) -> None:
        """Note a text that is rendered, where its kind (the text without its numbers) had another one before."""
        said = str(text, "utf-8", "replace") if isinstance(text, bytes) else str(text)
        said = " ".join(said.split())[:LONGEST_TEXT]
        kind = "".join("#" if c.isdigit() else c for c in said).replace("##", "#").replace("##", "#")
        if said and self.said.get(kind) != said and len(self.texts) < MOST_TEXTS:
            self.said[kind] = said
            self.texts.append([self.flips, said])

    def show(self, surface: Any, now: float, pygame: Any) -> None:
        """Note a frame that is shown."""
        if surface is None:
            return
        self.window = list(surface.get_size())
        pixels = pygame.image.tobytes(surface, "RGB")
        _write(self.hashes, _blake(pixels, digest_size=8).digest())
        self.flips += 1
        if self.side and now >= self.next_ms:
            self.next_ms = now - now % self.every_ms + self.every_ms
            self.keep(surface, pygame)

    def keep(self, surface: Any, pygame: Any) -> None:
        width, height = surface.get_size()
        if not self.frames:
            scale = min(1.0, self.side / max(width, height))
            self.frame = [max(1, round(width * scale)), max(1, round(height * scale))]
        if (width, height) != tuple(self.frame):
            deep = surface if surface.get_bitsize() in (24, 32) else surface.convert(24)
            surface = pygame.transform.smoothscale(deep, self.frame)
        data = pygame.image.tobytes(surface, "RGB")
        while data:
            data = data[_write(self.raw, data) :]
        self.frames += 1


class World:
    """Hold virtual time, what is to be done at which time, and what is held down."""

    def __init__(self, play: dict[str, Any], pygame: Any) -> None:
        self.play, self.pygame = play, pygame
        self.recorder = Recorder(play["side"], play["every_ms"])
        self.now, self.frame_ms = 0.0, FRAME_MS
        self.end_ms = 1000.0 * play["seconds"]
        self.most_flips = int(240 * play["seconds"]) + 600
        self.actions: list[list[Any]] = list(play["actions"])
        self.held: set[int] = set()
        self.buttons = [False] * 3
        self.mouse = (0, 0)
        self.fresh: set[int] = set()
        """Keys pressed since the last frame."""
        self.timers: dict[int, list[Any]] = {}
        self.leader = threading.get_ident()
        """The thread that showed a frame last."""
        self.waited = True
        """Whether the game has waited since the last frame."""
        self.has_ticked = False
        self.shown_ms = 0.0
        """When the last frame was noted."""
        self.looked = False
        self.quit_flip = -1
        self.quit_ms = 0.0
        self.marks: dict[str, int] = {}
        self.real = {
            "flip": pygame.display.flip,
            "update": pygame.display.update,
            "surface": pygame.display.get_surface,
            "post": pygame.event.post,
            "get": pygame.event.get,
            "poll": pygame.event.poll,
            "peek": pygame.event.peek,
            "mode": pygame.display.set_mode,
        }

    # -- time ------------------------------------------------------------------------------------------------------

    def read(self) -> float:
        """Return the time in ms. Reading takes a little, so that no loop that waits for a time is endless."""
        self.pass_time(0.02)
        return self.now

    def wait(self, ms: float) -> None:
        """Let the game wait. Threads beside the one that shows frames wait until that one has let the time pass."""
        if threading.get_ident() != self.leader:
            self.follow(self.now + ms)
            return
        self.waited = True
        left = max(0.0, float(ms))
        while left > 0:
            step = min(left, FRAME_MS)
            self.pass_time(step)
            left -= step

    def follow(self, until: float) -> None:
        """Wait in a thread beside the game's; where that one waits for this one, let the time pass all the same."""
        seen, idle = self.now, 0
        while self.now < until and idle < _PATIENCE:
            _sleep(0.001)
            idle = 0 if self.now != seen else idle + 1
            seen = self.now
        if self.now < until:
            self.pass_time(until - self.now)

    def pass_time(self, ms: float) -> None:
        """Let time pass, and do what is due."""
        self.now += ms
        while self.actions and self.actions[0][0] <= self.now and self.act(self.actions[0]):
            del self.actions[0]
        for timer in list(self.timers.values()):
            while timer[0] <= self.now and timer[3] != 0:
                timer[0] += timer[1]
                timer[3] -= 1
                self.post(timer[2])
        if self.now >= self.end_ms and self.quit_flip < 0:
            self.quit()
        if self.quit_flip >= 0 and self.now > self.quit_ms + GRACE_MS:
            self.finish("went_on")

    def quit(self) -> None:
        self.quit_flip, self.quit_ms = self.recorder.flips, self.now
        self.post(self.pygame.event.Event(self.pygame.QUIT))

    def act(self, action: list[Any]) -> bool:
        """Do one thing; False where the game is not ready for any."""
        pygame, (_, what, *values) = self.pygame, action
        if not pygame.display.get_init() or self.real["surface"]() is None:
            return bool(self.now > self.end_ms)
        event = pygame.event.Event
        if what == "mark":
            self.marks[values[0]] = self.recorder.flips
        elif what == "seed":
            random.seed(self.play["seed"])
        elif what in ("down", "up"):
            key = getattr(pygame, "K_" + values[0], 0)
            text = {"SPACE": " ", "RETURN": "\r"}.get(values[0], values[0] if len(values[0]) == 1 else "")
            (self.held.add if what == "down" else self.held.discard)(key)
            if what == "down":
                self.fresh.add(key)
            kind = pygame.KEYDOWN if what == "down" else pygame.KEYUP
            self.post(event(kind, key=key, mod=0, unicode=text, scancode=0, window=None))
        elif what == "move":
            width, height = self.real["surface"]().get_size()
            before, self.mouse = self.mouse, (int(values[0] * (width - 1)), int(values[1] * (height - 1)))
            rel = (self.mouse[0] - before[0], self.mouse[1] - before[1])
            self.post(event(pygame.MOUSEMOTION, pos=self.mouse, rel=rel, buttons=tuple(map(int, self.buttons))))
        elif what in ("press", "release"):
            self.buttons[0] = what == "press"
            kind = pygame.MOUSEBUTTONDOWN if what == "press" else pygame.MOUSEBUTTONUP
            self.post(event(kind, pos=self.mouse, button=1))
        return True

    def post(self, event: Any) -> None:
        with contextlib.suppress(self.pygame.error):  # nobody listens yet, or any more
            self.real["post"](event)

    # -- what the game calls ---------------------------------------------------------------------------------------

    def shown(self) -> None:
        """Note that a frame was shown; time passes where the game does not wait by itself."""
        self.leader = threading.get_ident()
        recorder = self.recorder
        # A game may update one part after another: what it shows without waiting is one frame.
        if not self.has_ticked or self.waited or self.now - self.shown_ms >= FRAME_MS / 2:
            self.shown_ms = self.now
            recorder.show(self.real["surface"](), self.now, self.pygame)
        self.fresh.clear()
        self.looked = False
        if recorder.flips > self.most_flips:
            self.now = max(self.now, self.end_ms)
        self.pass_time(0.0 if self.waited and self.has_ticked else 1.0 if self.has_ticked else FRAME_MS)
        self.waited = False

    def flip(self) -> None:
        self.real["flip"]()
        self.shown()

    def update(self, *rects: Any, **named: Any) -> None:
        self.real["update"](*rects, **named)
        self.shown()

    def set_mode(self, size: Any = (0, 0), flags: int = 0, *further: Any, **named: Any) -> Any:
        size = (800, 600) if tuple(size) == (0, 0) else size
        if size[0] * size[1] > MOST_PIXELS:
            self.recorder.window = [min(1 << 30, int(each)) for each in size]
            self.finish("window")
        pygame = self.pygame
        return self.real["mode"](size, flags & ~(pygame.FULLSCREEN | pygame.SCALED))

    def looks(self) -> None:
        """Let time pass where a game looks for events again and again, and shows nothing."""
        if self.looked:
            self.waited = True
            self.pass_time(2.0)
        self.looked = True

    def event_get(self, *given: Any, **named: Any) -> Any:
        self.looks()
        return self.real["get"](*given, **named)

    def event_poll(self) -> Any:
        self.looks()
        return self.real["poll"]()

    def event_wait(self, timeout: int = 0) -> Any:
        left = float(timeout) or float("inf")
        while not self.real["peek"]() and left > 0:
            self.wait(FRAME_MS)
            left -= FRAME_MS
        return self.real["poll"]()

    def set_timer(self, event: Any, millis: int, loops: int = 0) -> None:
        made = self.pygame.event.Event(event) if isinstance(event, int) else event
        self.timers.pop(made.type, None)
        if millis > 0:
            self.timers[made.type] = [self.now + millis, max(1, millis), made, loops or -1]

    # -- the end ---------------------------------------------------------------------------------------------------

    def finish(self, ended: str, error: dict[str, Any] | None = None) -> NoReturn:
        """Write the report and end the process."""
        recorder = self.recorder
        report = {
            "nonce": self.play["nonce"],
            "ended": ended,
            "seconds": round(self.now / 1000, 3),
            "flips": recorder.flips,
            "window": recorder.window,
            "frame": recorder.frame,
            "frames": recorder.frames,
            "quit_flip": self.quit_flip,
            "marks": self.marks,
            "texts": recorder.texts,
            "error": error,
        }
        with open("report.json", "w", encoding="utf-8", errors="replace") as file:
            json.dump(report, file)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        _exit(0)


def error_of(error: BaseException) -> dict[str, Any]:
    """Describe what ended the game: the exception, and the line of the game that it came from."""
    seen = error.__traceback__
    while seen is not None and seen.tb_frame.f_code.co_filename != GAME:
        seen = seen.tb_next
    line, at = None, seen
    while at is not None:
        line = at.tb_lineno if at.tb_frame.f_code.co_filename == GAME else line
        at = at.tb_next
    if isinstance(error, SyntaxError) and error.filename == GAME:
        line = error.lineno
    try:
        said = str(error)
        text = "".join(traceback.TracebackException(type(error), error, seen, limit=-12).format())
    except Exception:
        said, text = "", ""
    return {"type": type(error).__name__, "message": said[:500], "line": line, "traceback": text[-LONGEST_TRACEBACK:]}


def main() -> None:
    """Play the game once."""
    with open("play.json", encoding="utf-8") as file:
        play = json.load(file)
    os.remove("play.json")
    os.environ.update(SDL_VIDEODRIVER="dummy", SDL_AUDIODRIVER="dummy", PYGAME_HIDE_SUPPORT_PROMPT="1")
    try:
        import pygame
        import pygame.freetype
    except ImportError as missing:
        print(missing, file=sys.stderr)
        _exit(NO_PYGAME)
    world = World(play, pygame)
    # The module beside this one, in the folder of the play.
    importlib.import_module("stand_ins").put_in_place(world)
    with open(GAME, encoding="utf-8", errors="replace") as file:
        source = file.read()
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=GAME, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    sys.argv[:] = [GAME]
    ended, error = "returned", None
    try:
        exec(compile(source, GAME, "exec", dont_inherit=True), module.__dict__)
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join(5)
    except SystemExit:
        ended = "exit"
    except BaseException as problem:
        ended, error = "exception", error_of(problem)
    world.finish(ended, error)


if __name__ == "__main__":
    main()
