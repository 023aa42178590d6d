"""Replace what of pygame and of Python takes time, chance and input from outside, for the driver of games.

It runs in the sandbox, beside `driver.py`, and imports nothing of qwq_nb. `world` is the driver's `World`.
"""

from __future__ import annotations

import datetime as datetime_module
import importlib
import os
import random
import time
from collections.abc import Callable
from typing import Any

__all__ = ["put_in_place"]


class Pressed:
    """Stand in for what `pygame.key.get_pressed` returns."""

    def __init__(self, keys: set[int]) -> None:
        self._keys = frozenset(keys)

    def __getitem__(self, key: int) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return 512

    def __iter__(self) -> Any:
        return iter([True] * len(self._keys) + [False] * (512 - len(self._keys)))

    def __contains__(self, value: object) -> bool:
        return bool(self._keys) if value else True


def put_in_place(world: Any) -> None:
    """Replace what of pygame and of Python takes time, chance and input from outside."""
    pygame = world.pygame
    pygame.display.flip, pygame.display.update, pygame.display.set_mode = world.flip, world.update, world.set_mode
    pygame.event.get, pygame.event.poll, pygame.event.wait = world.event_get, world.event_poll, world.event_wait
    pygame.key.get_pressed = lambda: Pressed(world.held)
    pygame.key.get_just_pressed = lambda: Pressed(world.fresh)
    pygame.key.get_just_released = lambda: Pressed(set())
    pygame.key.get_focused = pygame.mouse.get_focused = lambda: True
    pygame.key.get_mods = lambda: 0
    pygame.mouse.get_pos = lambda *_, **__: world.mouse
    pygame.mouse.get_rel = lambda *_, **__: (0, 0)
    pygame.mouse.get_pressed = lambda num_buttons=3, **_: tuple(world.buttons) + (False,) * (num_buttons - 3)
    put_fonts(world)
    put_time(world)
    put_chance(world.play["seed"])
    os._exit = lambda code=0: world.finish("exit")  # type: ignore[misc]


def put_fonts(world: Any) -> None:
    """Note what is rendered; every font of the system is pygame's own."""
    pygame, note = world.pygame, world.recorder.text
    importlib.import_module("pygame.sysfont")

    class Font(pygame.font.Font):  # type: ignore[name-defined,misc]
        def render(self, text: Any, *given: Any, **named: Any) -> Any:
            note(text)
            return super().render(text, *given, **named)

    class FreeType(pygame.freetype.Font):  # type: ignore[name-defined,misc]
        def render(self, text: Any, *given: Any, **named: Any) -> Any:
            note(text)
            return super().render(text, *given, **named)

        def render_to(self, surface: Any, place: Any, text: Any, *given: Any, **named: Any) -> Any:
            note(text)
            return super().render_to(surface, place, text, *given, **named)

    def system_font(name: Any, size: Any, *given: Any, **named: Any) -> Any:
        return Font(None, int(size))

    def system_freetype(name: Any, size: Any, *given: Any, **named: Any) -> Any:
        return FreeType(None, int(size))

    pygame.font.Font = pygame.font.FontType = Font
    pygame.freetype.Font = FreeType
    pygame.font.SysFont = pygame.sysfont.SysFont = system_font
    pygame.freetype.SysFont = system_freetype
    for module in (pygame.font, pygame.freetype, pygame.sysfont):
        module.get_fonts = list
        module.match_font = lambda *_, **__: None


def put_time(world: Any) -> None:
    """Let all clocks show virtual time."""
    begin = 1_700_000_000.0

    class Clock:
        def __init__(self) -> None:
            self.last, self.took = world.now, 0.0

        def tick(self, framerate: float = 0) -> int:
            wanted = 1000 / framerate if framerate and framerate > 0 else world.frame_ms
            world.has_ticked = True
            world.wait(self.last + wanted - world.now)
            self.took, self.last = world.now - self.last, world.now
            return round(self.took)

        tick_busy_loop = tick

        def get_time(self) -> int:
            return round(self.took)

        get_rawtime = get_time

        def get_fps(self) -> float:
            return 1000 / self.took if self.took else 0.0

    def wait(ms: float) -> int:
        world.has_ticked = True
        world.wait(ms)
        return int(ms)

    def sleep(seconds: float) -> None:
        wait(1000 * seconds)

    ticks = world.pygame.time
    ticks.Clock, ticks.get_ticks, ticks.set_timer = Clock, lambda: int(world.read()), world.set_timer
    ticks.wait = ticks.delay = wait
    seconds = {"time": begin, "monotonic": 0.0, "perf_counter": 0.0, "process_time": 0.0, "thread_time": 0.0}
    for name, start in seconds.items():
        setattr(time, name, lambda start=start: start + world.read() / 1000)
        setattr(time, name + "_ns", lambda start=start: int(1e9 * start + 1e6 * world.read()))
    for name in ("localtime", "gmtime", "ctime"):
        real: Callable[..., Any] = getattr(time, name)
        setattr(time, name, lambda at=None, real=real: real(time.time() if at is None else at))
    setattr(time, "sleep", sleep)  # noqa: B010

    class Datetime(datetime_module.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(time.time(), datetime_module.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    datetime_module.datetime = Datetime  # type: ignore[misc]
    import asyncio

    yielded = asyncio.sleep

    async def asleep(delay: float, result: Any = None) -> Any:
        wait(1000 * delay)
        return await yielded(0, result)

    setattr(asyncio, "sleep", asleep)  # noqa: B010
    setattr(asyncio.tasks, "sleep", asleep)  # noqa: B010


def put_chance(seed: int) -> None:
    """Give every source of chance a seed."""
    plain = random.Random.seed
    bytes_of = random.Random(seed + 1).randbytes

    def seeded(self: random.Random, a: Any = None, version: int = 2) -> None:
        plain(self, seed if a is None else a, version)

    setattr(random.Random, "seed", seeded)  # noqa: B010
    bound: Any = random.seed
    random.seed = bound.__self__.seed
    os.urandom = bytes_of
    vars(random)["_urandom"] = bytes_of
    random.seed(seed)
