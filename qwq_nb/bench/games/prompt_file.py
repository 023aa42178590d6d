"""Read prompts of the user's own: a text file is one game, a line of a JSONL file is one each."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.bench.games.prompts import GamePrompt
from qwq_nb.core.text import valid_text
from qwq_nb.errors import DataError, one_line

__all__ = ["keys_named", "read_prompts"]

_MOST_BYTES: Final = 1_000_000
_MOST_PROMPTS: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KEY: Final = re.compile(r"[a-z0-9]|[A-Z][A-Z0-9_]{1,15}")
_ARROWS: Final = ("LEFT", "RIGHT", "UP", "DOWN")
_WORDS: Final = {
    "space": "SPACE",
    "spacebar": "SPACE",
    "enter": "RETURN",
    "return": "RETURN",
    "esc": "ESCAPE",
    "escape": "ESCAPE",
    "shift": "LSHIFT",
    "ctrl": "LCTRL",
    "tab": "TAB",
}
_FIELDS: Final = ("name", "prompt", "keys", "restart", "quit", "score")


def read_prompts(path: str) -> list[GamePrompt]:
    """Read the prompts of a file.

    A `.jsonl` file has a game a line: `name`, `prompt`, and if wanted `keys` (a list, by pygame's names), `restart`,
    `quit`, `score` (false where it has none). Any other file is one prompt, whose name is the file's; the keys are
    those that it names.

    Raises:
        DataError: there is no such file, or a line is none.
    """
    file = Path(path)
    shown = one_line(os.fspath(path), 200)
    try:
        if not file.is_file():
            raise DataError(f"--prompt: there is no file {shown}.")
        with file.open("rb") as handle:
            raw = handle.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"--prompt: {shown} cannot be read: {error.strerror or error}.") from None
    if len(raw) > _MOST_BYTES:
        raise DataError(f"--prompt: {shown} has more than {_MOST_BYTES:,} bytes: it is no prompt.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"--prompt: {shown} is no text in UTF-8.") from None
    if not text.strip():
        raise DataError(f"--prompt: {shown} is empty.")
    if file.suffix.lower() in (".jsonl", ".json"):
        return _of_lines(text, shown)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", file.stem).strip("_-")[:64] or "game"
    return [_with_keys(GamePrompt(name=name, prompt=text.strip()))]


def _of_lines(text: str, shown: str) -> list[GamePrompt]:
    found: dict[str, GamePrompt] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        prompt = _of_line(line, f"{shown}, line {number}")
        if prompt.name in found:
            raise DataError(f"{shown}, line {number}: a second game named {prompt.name!r}.")
        found[prompt.name] = prompt
        if len(found) > _MOST_PROMPTS:
            raise DataError(f"{shown} has more than {_MOST_PROMPTS} games.")
    return list(found.values())


def _of_line(line: str, where: str) -> GamePrompt:
    try:
        row: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        raise DataError(f"{where}: it is no JSON object.") from None
    if not isinstance(row, dict):
        raise DataError(f"{where}: it is no JSON object.")
    unknown = sorted(set(row) - set(_FIELDS))
    if unknown:
        raise DataError(f"{where}: no field {one_line(unknown[0], 40)!r}; there are {', '.join(_FIELDS)}.")
    try:
        made = msgspec.convert(row, GamePrompt)
    except msgspec.ValidationError as error:
        raise DataError(f"{where}: {error}.") from None
    if not _NAME.fullmatch(made.name) or made.name == "all":
        raise DataError(f"{where}: {one_line(made.name, 80)!r} cannot name a game: use letters, digits, `_` and `-`.")
    if not made.prompt.strip():
        raise DataError(f"{where}: the prompt is empty.")
    made = msgspec.structs.replace(
        made,
        prompt=valid_text(made.prompt),
        keys=tuple(dict.fromkeys(_key(key, where) for key in made.keys)),
        restart=_key(made.restart, where) if made.restart else "",
        quit=_key(made.quit, where) if made.quit else "",
    )
    return made if "keys" in row else _with_keys(made)


def _key(given: str, where: str) -> str:
    """Return a key by pygame's name. Raises DataError where it can be none."""
    name = given.strip().removeprefix("K_")
    name = name.lower() if len(name) == 1 else _WORDS.get(name.lower(), name.upper())
    if not _KEY.fullmatch(name):
        raise DataError(
            f"{where}: {one_line(given, 40)!r} is no key. Keys have pygame's names: a, LEFT, SPACE; or MOUSE."
        )
    return name


def _with_keys(prompt: GamePrompt) -> GamePrompt:
    """Return the prompt with the keys that its text names, where the file names none."""
    keys, restart, quit = keys_named(prompt.prompt)
    return msgspec.structs.replace(prompt, keys=keys, restart=prompt.restart or restart, quit=prompt.quit or quit)


def keys_named(text: str) -> tuple[tuple[str, ...], str, str]:
    """Return the keys that a prompt names: those to play with, the one that restarts, and the one that quits.

    Only plain mentions are read: arrows, WASD, W and S, SPACE, mouse. ESC ends a game, and a key restarts it, where a
    sentence says so.
    """
    low, keys = text.lower(), []
    if re.search(r"\bwasd\b", low):
        keys += ["w", "a", "s", "d"]
    keys += [
        match.lower()
        for match in re.findall(r"(?<![\w'’])([WASD])(?= (?:and|or|key)|/[WASD])|(?<=/)[WASD]\b", text)
        if match
    ]
    keys += [match.lower() for match in re.findall(r"\b[WASD](?:/| and | or )([WASD])\b", text)]
    if re.search(r"\b(arrow|cursor) keys\b|\barrows\b", low):
        pair = re.search(r"\b(left|up)(?: and | or |/|, )(right|down)\b", low)
        keys += [each.upper() for each in pair.groups()] if pair else list(_ARROWS)
    for word in _ARROWS:
        if re.search(rf"\b{word.lower()}(?: arrow)? key\b", low):
            keys.append(word)
    if re.search(r"\bspace(?:bar| bar)?\b", low):
        keys.append("SPACE")
    if re.search(r"\bmouse\b|\bclick", low):
        keys.append("MOUSE")
    restart = quit = ""
    for sentence in re.split(r"(?<=[.!?;])\s+|\n", text):
        if not restart and re.search(r"\b(restart|anew|again|new game)", sentence, re.IGNORECASE):
            restart = _one_key(sentence)
        if not quit and re.search(r"\b(quits?|exits?|ends?|closes?)\b", sentence, re.IGNORECASE):
            quit = _one_key(sentence)
    return tuple(dict.fromkeys(key for key in keys if key not in (restart, quit) or key == "SPACE")), restart, quit


def _one_key(sentence: str) -> str:
    """Return the key that a sentence names: ESC, SPACE, ENTER, or a capital letter by itself."""
    if re.search(r"\besc(ape)?\b", sentence, re.IGNORECASE):
        return "ESCAPE"
    letter = re.search(r"(?<![\w'’])([B-HJ-Z])(?![\w'’])", sentence)
    if letter:
        return letter[1].lower()
    return "SPACE" if re.search(r"\bspace", sentence, re.IGNORECASE) else ""
