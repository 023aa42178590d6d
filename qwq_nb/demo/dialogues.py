"""Answer conversations of several turns about files: by what stands in them, and by how many replies they have.

A row of a transcripts file is a dialogue if it has `when`::

    {"unique_id": str, "when": [str, ...], "files": {name: text}, "replies": [{"reasoning": str, "text": str,
     "edits": {name: text}, "malformed": bool}, ...]}

It answers a conversation in which all texts of `when` occur, whatever the white space; where several rows fit, the one
whose texts are longest. A row with `"model": str` answers models alone whose names contain it, and goes before others.
The first request gets the first reply, the one after that reply the second, and so on; the last one is given again.
`edits` are the files' new texts, which the reply writes in the format that the system message asks for; `malformed`: in
a way that nobody can read. A reply without `edits` is its text alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Dialogue", "Dialogues", "Reply", "Said", "dialogue_of", "edit_format"]

_WRONG_LINE = "this line is not in the file"


class Said(NamedTuple):
    """Hold what a dialogue replies. `key` names the dialogue and the turn, `problem` is what it was found by."""

    key: str
    problem: str
    reasoning: str
    answer: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold one reply: its reasoning, its text, and the files that it writes anew."""

    reasoning: str
    text: str
    edits: Mapping[str, str] = field(default_factory=dict)
    malformed: bool = False

    def answer(self, files: Mapping[str, str], format: str) -> str:
        """Return the reply as it is sent. `files`: as they are before it."""
        parts = [
            self.text,
            *(_written(name, files.get(name, ""), new, format, self.malformed) for name, new in self.edits.items()),
        ]
        return "\n\n".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Hold one row."""

    key: str
    when: tuple[str, ...]
    replies: tuple[Reply, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    """A part of the model's name; empty: any model."""

    def said(self, turn: int, format: str) -> Said:
        """Return the reply to the request number `turn` (from 0) of a conversation."""
        turn = min(turn, len(self.replies) - 1)
        files = dict(self.files)
        for reply in self.replies[:turn]:
            files.update({} if reply.malformed else reply.edits)
        reply = self.replies[turn]
        answer = reply.answer(files, format)
        return Said(f"{self.key}/{turn + 1}", " ".join(self.when), reply.reasoning, answer)


class Dialogues:
    """Find the reply to a conversation."""

    def __init__(self, dialogues: Iterable[Dialogue] = ()) -> None:
        self._dialogues = list(dialogues)

    def add(self, dialogue: Dialogue) -> None:
        """Add a dialogue."""
        self._dialogues.append(dialogue)

    def find(self, messages: Sequence[tuple[str, str]], model: str = "") -> Said | None:
        """Return the reply of a model to a conversation of (role, text); None: no dialogue fits it."""
        said = " ".join(" ".join(text for role, text in messages if role != "assistant").split())
        fitting = [d for d in self._dialogues if d.model in model and all(text in said for text in d.when)]
        if not fitting:
            return None
        best = max(fitting, key=lambda d: (bool(d.model), sum(map(len, d.when))))
        system = "\n".join(text for role, text in messages if role == "system")
        return best.said(sum(role == "assistant" for role, _ in messages), edit_format(system))


def edit_format(system: str) -> str:
    """Return the format of edits that a system message asks for: `diff`, `udiff`, else `whole`."""
    return "diff" if "<<<<<<< SEARCH" in system else "udiff" if "```diff" in system else "whole"


def dialogue_of(row: Mapping[str, Any]) -> Dialogue:
    """Return the dialogue in a row.

    Raises:
        KeyError, TypeError, ValueError: it is none; the message says why.
    """
    when, replies = row["when"], row["replies"]
    if not isinstance(when, list) or not when or not all(isinstance(text, str) and text.strip() for text in when):
        raise TypeError("`when` is not a list of texts")
    if not isinstance(replies, list) or not replies:
        raise TypeError("`replies` is not a list, or is empty")
    return Dialogue(
        str(row["unique_id"]),
        tuple(" ".join(text.split()) for text in when),
        tuple(map(_reply, replies)),
        files=_texts(row.get("files", {}), "files"),
        model=str(row.get("model") or ""),
    )


def _reply(row: Any) -> Reply:
    if not isinstance(row, dict):
        raise TypeError("a reply is not a JSON object")
    reasoning, text = row.get("reasoning", ""), row.get("text", "")
    if not isinstance(reasoning, str) or not isinstance(text, str):
        raise TypeError("`reasoning` or `text` of a reply is not a string")
    return Reply(reasoning, text, _texts(row.get("edits", {}), "edits"), bool(row.get("malformed")))


def _texts(value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise TypeError(f"`{name}` is not an object of texts")
    return value


def _written(name: str, old: str, new: str, format: str, malformed: bool) -> str:
    if format == "diff":
        search = f"{_WRONG_LINE}\n" if malformed else old
        return f"{name}\n```python\n<<<<<<< SEARCH\n{search}=======\n{new}>>>>>>> REPLACE\n```"
    if format == "udiff":
        before = [f"{_WRONG_LINE}\n"] if malformed else old.splitlines(keepends=True)
        lines = list(difflib.unified_diff(before, new.splitlines(keepends=True), name, name, n=1_000))
        changes = "".join("@@ ... @@\n" if line.startswith("@@") else line for line in lines)
        return f"```diff\n{changes}```"
    return f"{f'../{name}.txt' if malformed else name}\n```\n{new}```"
