"""Word the prompts of the solver `editing`: what the roles are told, the rules of the formats, and what is sent back.

The protocol is that of aider's benchmark of December 2024 (the README of its `benchmark` folder); the words are our
own. They tell a model the rules of its format, and nothing of the tests but what a failed run printed. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from qwq_nb.core.execution import Execution

__all__ = [
    "ARCHITECT",
    "architect_system",
    "editor_request",
    "file_listing",
    "first_request",
    "format_rules",
    "malformed_request",
    "prompts_version",
    "syntax_request",
    "system_of",
    "tests_failed_request",
]

_SOLO: Final = (
    "You edit the files of a small Python exercise until they do what its instructions say. Think as long as you need, "
    "then reply with your edits, in the format below. Nobody answers questions, and tests that you cannot see decide: "
    "make the edits that you think are right."
)
_EDITOR: Final = (
    "You are the editor. You get the files of a small Python exercise, and an architect's description of how to change "
    "them. Carry it out completely, and change nothing else. Reply with the edits, in the format below. Nobody answers "
    "questions."
)
ARCHITECT: Final = (
    "You are the architect. You get the files of a small Python exercise and its instructions. Think as long as you "
    "need, then describe how the files are to be changed, for an editor who sees your reply and the files, and nothing "
    "else: which functions and classes, what they return and raise, the algorithm, the special cases, and the code of "
    "the difficult parts. Be exact and complete, but do not write out whole files: that is the editor's work. Nobody "
    "answers questions."
)

_FILE: Final = "greeting.py"
_BEFORE: Final = 'def greet():\n    return "Hello!"\n'
_AFTER: Final = 'def greet(name):\n    return f"Hello, {name}!"\n'

_WHOLE: Final = """\
Format of the edits: whole files. For each file that changes write
1. the name of the file, alone on a line, as it stands above the file;
2. a line that is {opening};
3. the whole new content of the file;
4. a line that is {closing}.
The content takes the place of the file: write every line of it, and no line that stands for others, such as `# ...`.
Leave out files that stay as they are. Put no other text between such lines, and no name of a file above other listings.

Example:

{file}
{opening}
{after}{closing}"""

_DIFF: Final = """\
Format of the edits: blocks of search and replace. For each change write
1. the name of the file, alone on a line, as it stands above the file;
2. a line that is {opening}python;
3. a line that is <<<<<<< SEARCH;
4. the lines that are there now;
5. a line that is =======;
6. the lines that take their place;
7. a line that is >>>>>>> REPLACE;
8. a line that is {closing}.
The lines of SEARCH are whole lines of the file, one after another, copied to the last character: with their spaces,
comments and empty lines. They are replaced where they are found first. Keep blocks short: the lines that change, and as
many around them as tell the place. Several changes take several blocks. To move lines, take them out in one block and
put them in by another. A new file, or an empty one, has no line between SEARCH and =======.

Example:

{file}
{opening}python
<<<<<<< SEARCH
{before}=======
{after}>>>>>>> REPLACE
{closing}"""

_UDIFF: Final = """\
Format of the edits: unified diffs, as `diff -U0` writes them, between a line that is {opening}diff and a line that is
{closing}. Each file's begins with two lines, `--- NAME` and `+++ NAME`, and has a line `@@ ... @@` before each change;
numbers of lines are not needed. Then follow the lines that stay, with a space in front; those that go, with a `-`; and
those that come, with a `+`. Lines that stay or go are copied to the last character: by them the place is found. Change
whole functions rather than single lines of them: take the old one out, and put the new one in.

Example:

{opening}diff
--- {file}
+++ {file}
@@ ... @@
{minus}{plus}{closing}"""

_RULES: Final = {"whole": _WHOLE, "diff": _DIFF, "udiff": _UDIFF}

_MALFORMED: Final = (
    "Your reply could not be read as edits:\n\n{complaint}\n\n{files}Send what is missing again, in the format that "
    "you were told."
)
_SYNTAX: Final = (
    "Your edits were made, but now a file is no Python:\n\n{error}\n\n{files}Send edits that mend it, in the format "
    "that you were told."
)
_FAILED: Final = (
    "The tests were run and did not pass. They printed:\n\n{output}\n\n{files}The tests are right, and stay as they "
    "are. {what}"
)
_MEND: Final = "Find out what is wrong in {names}, and send edits that mend it, in the format that you were told."
_REPLAN: Final = "Find out what is wrong in {names}, and describe to the editor how to mend it."


def format_rules(format: str, fence: tuple[str, str]) -> str:
    """Return the rules of a format, with an example. `fence`: the beginnings of the lines around a file's text."""
    minus = "".join(f"-{line}\n" for line in _BEFORE.splitlines())
    plus = "".join(f"+{line}\n" for line in _AFTER.splitlines())
    texts = {"file": _FILE, "before": _BEFORE, "after": _AFTER, "minus": minus, "plus": plus}
    return _RULES[format].format(opening=fence[0], closing=fence[1], **texts)


def system_of(role: str, format: str, fence: tuple[str, str]) -> str:
    """Return the system prompt of a role that writes edits (`solo`, `editor`) in a format."""
    return f"{_EDITOR if role == 'editor' else _SOLO}\n\n{format_rules(format, fence)}"


def architect_system() -> str:
    """Return the system prompt of the architect, who writes no edits."""
    return ARCHITECT


def file_listing(files: Mapping[str, str], fence: tuple[str, str]) -> str:
    """Return files as they are shown: each name alone on a line, then its text between fences."""
    shown = []
    for name, text in files.items():
        end = "" if text.endswith("\n") or not text else "\n"
        shown.append(f"{name}\n{fence[0]}\n{text}{end}{fence[1]}")
    return "\n\n".join(shown)


def first_request(question: str, files: Mapping[str, str], fence: tuple[str, str]) -> str:
    """Return the first request to whoever is given the exercise: its instructions and its files."""
    return f"{question.strip()}\n\n{_files_now(files, fence)}".rstrip()


def editor_request(plan: str, files: Mapping[str, str], fence: tuple[str, str]) -> str:
    """Return the only request to the editor: the files and what the architect wrote, without its reasoning."""
    return f"{_files_now(files, fence)}The architect's description:\n\n{plan.strip()}"


def malformed_request(complaint: str, changed: Mapping[str, str], fence: tuple[str, str]) -> str:
    """Return what is sent back where a reply's format was broken. `changed`: files that it changed all the same."""
    return _MALFORMED.format(complaint=complaint.strip(), files=_files_now(changed, fence))


def syntax_request(error: str, changed: Mapping[str, str], fence: tuple[str, str]) -> str:
    """Return what is sent back where a file is no Python after the edits."""
    return _SYNTAX.format(error=error.strip(), files=_files_now(changed, fence))


def tests_failed_request(
    execution: Execution, changed: Mapping[str, str], names: Iterable[str], fence: tuple[str, str], *, plan: bool
) -> str:
    """Return what is sent back after a try whose tests did not pass: what they printed.

    `changed`: the files that are not as they were shown last; `names`: of all that may be edited; `plan`: it goes to an
    architect.
    """
    what = (_REPLAN if plan else _MEND).format(names=", ".join(names))
    return _FAILED.format(output=output_of(execution), files=_files_now(changed, fence), what=what)


def output_of(execution: Execution) -> str:
    """Return what the tests printed, and in words how they ended where they did not end by themselves."""
    failed = execution.first_failed
    printed = failed.stderr.strip() if failed is not None else ""
    ended = _ENDED.get(execution.status, "")
    return "\n\n".join(filter(None, [printed, ended])) or "(nothing)"


_ENDED: Final = {
    "timeout": "They were stopped: they took too long.",
    "memory": "They were stopped: they took too much memory.",
    "output_limit": "They were stopped: they printed too much.",
    "crashed": "They ended before their end: the process crashed, or was left.",
}


def _files_now(files: Mapping[str, str], fence: tuple[str, str]) -> str:
    if not files:
        return ""
    head = "This file is now:" if len(files) == 1 else "These files are now:"
    return f"{head}\n\n{file_listing(files, fence)}\n\n"


def prompts_version() -> str:
    """Return 8 hex digits that change with any word of the prompts: another wording is another run."""
    texts = [_SOLO, _EDITOR, ARCHITECT, *_RULES.values(), _BEFORE, _AFTER, _MALFORMED, _SYNTAX, _FAILED, _MEND, _REPLAN]
    return hashlib.sha256("\0".join([*texts, *_ENDED.values()]).encode()).hexdigest()[:8]
