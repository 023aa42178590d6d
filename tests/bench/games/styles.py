"""Small games that are right, each written in another style that models use."""

from __future__ import annotations

from typing import Final

__all__ = ["STYLES"]

_LOOP: Final = """
import pygame
{imports}
pygame.init()
screen = pygame.display.set_mode((320, 240){flags})
clock = pygame.time.Clock()
font = pygame.font.{font}
x, y, score = 150, 100, 0
{before}
running = True
while running:
    for event in pygame.event.get():
        if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
            running = False
        elif event.type == pygame.KEYDOWN and event.key == pygame.K_r:
            x, y, score = 150, 100, 0
        {events}
    {step}
    y = (y + 1) % 240
    score += y == 0 or y % 50 == 0
    screen.fill((10, 10, 30))
    pygame.draw.rect(screen, (250, 220, 60), (x, y, 20, 20))
    screen.blit(font.render(f"Score: {{score}}", True, (255, 255, 255)), (5, 5))
    {show}
    {wait}
pygame.quit()
"""


def game(
    *,
    imports: str = "",
    flags: str = "",
    font: str = "Font(None, 30)",
    before: str = "",
    events: str = "",
    step: str = "x += 4 * (pygame.key.get_pressed()[pygame.K_d] - pygame.key.get_pressed()[pygame.K_a])",
    show: str = "pygame.display.flip()",
    wait: str = "clock.tick(60)",
) -> str:
    return _LOOP.format(
        imports=imports, flags=flags, font=font, before=before, events=events, step=step, show=show, wait=wait
    )


_CLASSES: Final = """
import sys
import pygame
from pygame.locals import *

class Player(pygame.sprite.Sprite):
    def __init__(self):
        super().__init__()
        self.image = pygame.Surface((20, 20), pygame.SRCALPHA)
        pygame.draw.circle(self.image, (80, 200, 120), (10, 10), 10)
        self.rect = self.image.get_rect(center=(160, 120))
        self.time = 0

    def update(self, dt, keys):
        self.time += dt
        self.rect.x += (keys[K_d] - keys[K_a]) * int(200 * dt)
        self.rect.y = 120 + int(40 * self.time) % 60

class Game:
    def __init__(self):
        pygame.init()
        self.screen = pygame.display.set_mode((320, 240))
        self.clock = pygame.time.Clock()
        self.font = pygame.font.SysFont("comicsansms", 24)
        self.reset()

    def reset(self):
        self.player = Player()
        self.sprites = pygame.sprite.Group(self.player)

    def run(self):
        while True:
            dt = self.clock.tick(60) / 1000
            for event in pygame.event.get():
                if event.type == QUIT or (event.type == KEYDOWN and event.key == K_ESCAPE):
                    pygame.quit()
                    sys.exit()
                if event.type == KEYDOWN and event.key == K_r:
                    self.reset()
            self.sprites.update(dt, pygame.key.get_pressed())
            self.screen.fill("navy")
            self.sprites.draw(self.screen)
            text = self.font.render("Score " + str(int(self.player.time * 10)), True, "white")
            self.screen.blit(text, (5, 5))
            pygame.display.update()

if __name__ == "__main__":
    Game().run()
"""

_ASYNC: Final = """
import asyncio
import pygame

async def main():
    pygame.init()
    screen = pygame.display.set_mode((320, 240))
    font = pygame.font.Font(None, 30)
    x, y = 150, 0
    while True:
        for event in pygame.event.get():
            if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
                return
            if event.type == pygame.KEYDOWN and event.key == pygame.K_a:
                x -= 10
            if event.type == pygame.KEYDOWN and event.key == pygame.K_d:
                x += 10
            if event.type == pygame.KEYDOWN and event.key == pygame.K_r:
                x, y = 150, 0
        y += 1
        screen.fill((0, 0, 0))
        screen.blit(font.render(f"{y // 10}", True, (255, 255, 255)), (5, 5))
        pygame.draw.rect(screen, (200, 0, 0), (x, y % 240, 20, 20))
        pygame.display.flip()
        await asyncio.sleep(1 / 60)

asyncio.run(main())
"""

STYLES: Final[dict[str, str]] = {
    "keys by their state": game(),
    "keys by events": game(
        step="x += dx",
        before="dx = 0",
        events=(
            "elif event.type == pygame.KEYDOWN and event.key in (pygame.K_a, pygame.K_d):\n"
            "            dx = 3 if event.key == pygame.K_d else -3\n"
            "        elif event.type == pygame.KEYUP:\n            dx = 0"
        ),
    ),
    "classes and sprites": _CLASSES,
    "asynchronous": _ASYNC,
    "scaled, resizable, with vsync": game(flags=", pygame.SCALED | pygame.RESIZABLE, vsync=1"),
    "the whole screen": game(flags=", pygame.FULLSCREEN"),
    "a timer's events": game(
        before="TICK = pygame.USEREVENT + 1\npygame.time.set_timer(TICK, 50)",
        events="elif event.type == TICK:\n            score += 1",
    ),
    "time by Python's clock": game(
        imports="import time",
        before="last = time.time()",
        step="now = time.time(); dt, last = now - last, now\n    keys = pygame.key.get_pressed()\n"
        "    x += 200 * dt * (keys[pygame.K_d] - keys[pygame.K_a])",
        wait="time.sleep(1 / 60)",
    ),
    "waits by pygame": game(wait="pygame.time.delay(16)"),
    "waits by nothing": game(wait=""),
    "updates part by part": game(
        show="pygame.display.update((0, 0, 320, 120))\n    pygame.display.update((0, 120, 320, 120))\n"
        "    pygame.display.update([(0, 0, 10, 10), (50, 50, 10, 10)])"
    ),
    "flips and updates": game(show="pygame.display.flip()\n    pygame.display.update()"),
    "freetype": game(
        imports="import pygame.freetype",
        before="pygame.freetype.init()\nface = pygame.freetype.SysFont('Arial', 20)",
        show="face.render_to(screen, (5, 60), f'Points {score}', (255, 255, 255))\n    pygame.display.flip()",
    ),
    "sound made by itself": game(
        imports="import array",
        before="beep = pygame.mixer.Sound(buffer=array.array('h', [8000, -8000] * 400))",
        events="elif event.type == pygame.KEYDOWN:\n            beep.play()",
    ),
    "chance with a time's seed": game(
        imports="import random, time",
        before="random.seed(time.time())\nstars = [(random.randrange(320), random.randrange(240)) for _ in range(40)]",
        show="[screen.set_at(star, (255, 255, 255)) for star in stars]\n    pygame.display.flip()",
    ),
}
