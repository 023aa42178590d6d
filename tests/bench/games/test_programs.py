"""Taking the program out of an answer."""

from __future__ import annotations

import pytest

from qwq_nb.bench.games.program import LONGEST_PROGRAM, program_of

GAME = "import pygame\npygame.init()"


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        (f"Here:\n```python\n{GAME}\n```\nRun it.", GAME + "\n"),
        (f"~~~~\n{GAME}\n~~~~", GAME + "\n"),
        (f"First:\n```\npip install pygame\n```\nthen\n```python\n{GAME}\n```", GAME + "\n"),
        (f"A part:\n```python\npygame.quit()\n```\nAll:\n```python\n{GAME}\n```", GAME + "\n"),
        (f"```python\n{GAME}", GAME + "\n"),
        (GAME, GAME + "\n"),
        ("```html\n<canvas></canvas>\n```", ""),
        ("I would use pygame for this.", ""),
        ("", ""),
        ("```python\nimport pygame\n" + "#" * LONGEST_PROGRAM + "\n```", ""),
    ],
    ids=lambda text: text[:24],
)
def test_the_program_of_an_answer(answer: str, program: str) -> None:
    assert program_of(answer) == program


def test_a_fence_within_the_program_does_not_end_it() -> None:
    code = 'import pygame\nHELP = """\n   ```keys\n"""\n'
    assert program_of(f"````python\n{code}````") == code
