"""Split a magic's line into words, and put the user's variables into them as IPython does for its own magics."""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from qwq_nb.errors import OptionError

__all__ = ["Word", "expanded", "split_line", "unknown_names"]

_JSON_START = re.compile(r"(?:--?[\w-]+=)?\s*\{\s*(?:[\"}]|\Z)")
"""The beginning of a word whose braces are JSON's."""

_BRACES = re.compile(r"\{\{([^{}]*)\}\}|\{([^{}]+)\}")
_DOLLAR = re.compile(r"\$(\$?)([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)")
_LATEX = re.compile(r"(?:\\[A-Za-z]+|\^|\})\Z")
"""What stands before a brace that is LaTeX's, as in `\\boxed{n}` and `x^{n}`."""

_WINDOWS_PATH = re.compile(r"(?:[\w-]+=)?(?:[A-Za-z]:\\|\\\\|\.{1,2}\\)")


class Word(NamedTuple):
    """Hold a word of a line, without its quotes; `is_json` if it was written as a JSON object without quotes."""

    text: str
    is_json: bool = False


def split_line(line: str) -> list[Word]:
    r"""Split a line at blanks into words; quotes keep blanks, and `#` at the beginning of a word begins a comment.

    A backslash stays, as in `C:\data\new.jsonl`, except before a quotation mark, and before a blank in a word without
    other backslashes (`my\ file`). A JSON object is one word, also without quotes around it, and so is `{n + 1}`.

    Raises OptionError: a quotation mark is not closed.
    """
    words: list[Word] = []
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
        elif line[position] == "#":
            break
        else:
            word, position = _next_word(line, position)
            words.append(word)
    return words


def _next_word(line: str, position: int) -> tuple[Word, int]:
    """Return the word at a position, and the position after it."""
    text, is_json = "", False
    while position < len(line) and not line[position].isspace():
        char, after = line[position], line[position + 1 : position + 2]
        if char == "'":
            end = line.find("'", position + 1)
            if end < 0:
                raise _open_quote()
            text, position = text + line[position + 1 : end], end + 1
        elif char == '"':
            quoted, position = _double_quoted(line, position + 1)
            text += quoted
        elif char == "\\" and after and (after in "'\"" or (after.isspace() and "\\" not in text)):
            text, position = text + after, position + 2
        elif char == "{" and (end := _json_end(line, position)):
            text, position, is_json = text + line[position:end], end, True
        elif (found := _BRACES.match(line, position)) and found[2] and _names(found[2]):
            text, position = text + found[0], found.end()  # an expression may hold blanks and quotes
        else:
            text, position = text + char, position + 1
    return Word(text, is_json), position


def _double_quoted(line: str, position: int) -> tuple[str, int]:
    """Return the text up to the closing quotation mark, and the position after it.

    Only backslashes right before a quotation mark are special, as on Windows: two stand for one, an odd one keeps the
    mark.
    """
    text = ""
    while position < len(line):
        slashes = len(line) - position - len(line[position:].lstrip("\\"))
        mark = line[position + slashes : position + slashes + 1]
        if mark != '"':
            text, position = text + line[position : position + slashes + 1], position + slashes + 1
        elif slashes % 2:
            text, position = text + "\\" * (slashes // 2) + '"', position + slashes + 1
        else:
            return text + "\\" * (slashes // 2), position + slashes + 1
    raise _open_quote()


def _json_end(line: str, position: int) -> int:
    """Return the position after the JSON object that begins at a position; 0 if none does."""
    if not _JSON_START.match(line[position:]):
        return 0
    try:
        return json.JSONDecoder().raw_decode(line, position)[1]
    except (ValueError, RecursionError):
        return 0


def _open_quote() -> OptionError:
    return OptionError("A quotation mark is not closed in this line.")


def expanded(word: Word, scope: Mapping[str, Any]) -> str:
    """Return a word with the user's variables in it: `{name}`, `{n + 1}`, `{x:.2f}`, `$name`, also within the word.

    Braces of JSON and LaTeX stay, as do a whole word that names no variable and anything in double braces, which become
    single ones. A dictionary becomes JSON.

    Raises OptionError: an expression that cannot be computed, or an unknown name within a word.
    """
    text = word.text
    if word.is_json or _JSON_START.match(text):
        return text
    whole = _BRACES.fullmatch(text)
    if whole and whole[2]:
        value = scope.get(whole[2].strip())
        if isinstance(value, dict):
            return json.dumps(value, default=str)

    def braces(match: re.Match[str]) -> str:
        if match[2] is None:
            return "{" + match[1] + "}" if _names(match[1]) else match[0]
        before = text[: match.start()]
        if _LATEX.search(before) and not _WINDOWS_PATH.match(text):
            return match[0]
        # Prose may hold braces of its own, as may a word that is nothing else: what it is for says what it lacks.
        return _computed(match[2], scope, match[0], lenient=bool(whole) or bool(re.search(r"\s", text)))

    def dollar(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if match[2] not in scope:
            return match[0]
        value, rest = scope[match[2]], match[3]
        while (part := re.match(r"\.(\w+)", rest)) and hasattr(value, part[1]):
            value, rest = getattr(value, part[1]), rest[part.end() :]
        return f"{value}{rest}"

    made = _BRACES.sub(braces, text)
    return made if made != text or re.search(r"\s", text) else _DOLLAR.sub(dollar, text)


def unknown_names(line: str, scope: Mapping[str, Any]) -> list[str]:
    """Return what looks like variables in a line, as `{name}` and `$name`, and names none."""
    found = []
    for word, is_json in split_line(line):
        if is_json or _JSON_START.match(word):
            continue
        for match in _BRACES.finditer(word):
            names = _names(match[2]) if match[2] and not _LATEX.search(word[: match.start()]) else []
            if names and _missing(match[2], scope):
                found.append(match[0])
        whole = _DOLLAR.fullmatch(word)
        if whole and not whole[1] and whole[2] not in scope:
            found.append(word)
    return found


def _computed(text: str, scope: Mapping[str, Any], written: str, *, lenient: bool) -> str:
    """Return what an expression in braces stands for, or what was written if it is none."""
    names = _names(text)
    if not names or "\\" in text:
        return written
    if missing := _missing(text, scope):
        if lenient:
            return written
        raise OptionError(
            f"There is no variable {missing!r} here for {written}. Set it before this line; braces that are meant "
            f"as they are: {{{written}}}."
        )
    try:
        return str(eval(f"f'''{{{text}}}'''", dict(scope)))
    except Exception as error:  # it is the user's own expression
        raise OptionError(
            f"{written} in this line cannot be computed: {type(error).__name__}: {str(error)[:200]}. Compute it before "
            "this line, in a variable, and write {its_name}."
        ) from None


def _names(text: str) -> list[str]:
    """Return the names in an expression with an optional format, as f-strings take it; empty if it is none."""
    if "'''" in text:
        return []
    try:
        tree = ast.parse(f"f'''{{{text}}}'''", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id not in bound]


def _missing(text: str, scope: Mapping[str, Any]) -> str:
    """Return the first name in an expression that is no variable, nor a builtin that something is done with."""
    for name in _names(text):
        if name not in scope and (name == text.strip() or not hasattr(builtins, name)):
            return name
    return ""
