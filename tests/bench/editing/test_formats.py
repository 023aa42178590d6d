"""How replies are read, format by format: one case a rule, with the files that it leaves."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from qwq_nb.bench.editing.formats.reply import read_reply

GREET = {"greet.py": "def greet(name):\n    pass\n"}
NEW = "def greet(name):\n    return 'Hello ' + name\n"
PAIR = {"left.py": "a = 1\n", "right.py": "b = 2\n"}
SHAPE = {
    "shape.py": "class Shape:\n    def __init__(self, w, h):\n        self.w = w\n        self.h = h\n\n"
    "    def area(self):\n        return None\n"
}


class Case(NamedTuple):
    """A reply to files, and what becomes of them: those that change, with their texts."""

    rule: str
    files: dict[str, str]
    reply: str
    changed: dict[str, str]
    malformed: bool = False


def fenced(text: str, name: str = "greet.py", tag: str = "python") -> str:
    return f"{name}\n```{tag}\n{text}```\n"


def block(search: str, replace: str, name: str = "greet.py") -> str:
    return fenced(f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n", name)


def udiff(lines: str, name: str = "greet.py", tag: str = "diff") -> str:
    return f"```{tag}\n--- {name}\n+++ {name}\n{lines}```\n"


WHOLE = [
    Case("a name, a fence, the text", GREET, f"Here you are.\n\n{fenced(NEW)}", {"greet.py": NEW}),
    Case("the fence needs no language", GREET, fenced(NEW, tag=""), {"greet.py": NEW}),
    Case("the name may be bold", GREET, fenced(NEW, "**greet.py**"), {"greet.py": NEW}),
    Case("in backticks, with a colon", GREET, fenced(NEW, "`greet.py`:"), {"greet.py": NEW}),
    Case("a heading", GREET, fenced(NEW, "### greet.py"), {"greet.py": NEW}),
    Case("in folders that are not there", GREET, fenced(NEW, "some/where/greet.py"), {"greet.py": NEW}),
    Case("in folders above: the folders do not count", GREET, fenced(NEW, "../../greet.py"), {"greet.py": NEW}),
    Case("no name is needed for the only file", GREET, fenced(NEW, ""), {"greet.py": NEW}),
    Case("nor is it if a line is blank between", GREET, fenced(NEW, "greet.py\n"), {"greet.py": NEW}),
    Case("of two files one must be named", PAIR, fenced("a = 5\n", ""), {}, malformed=True),
    Case("a blank line between name and fence is an error then", PAIR, fenced("a = 5\n", "left.py\n"), {}, True),
    Case(
        "the name may stand in the text before",
        PAIR,
        "I edit `right.py`.\n\n" + fenced("b = 5\n", ""),
        {"right.py": "b = 5\n"},
    ),
    Case("the last one named counts", PAIR, "From `left.py`, `right.py`:\n\n" + fenced("c\n", ""), {"right.py": "c\n"}),
    Case("whatever stands above a fence is a name", GREET, fenced(NEW, "My solution:"), {"My solution": NEW}),
    Case(
        "so an example makes a file too",
        GREET,
        fenced(NEW) + "\n" + fenced("greet('x')\n", "Usage:"),
        {"greet.py": NEW, "Usage": "greet('x')\n"},
    ),
    Case(
        "a fence in a docstring ends the file",
        GREET,
        fenced("x = '''\n```\nmore\n```\n'''\n"),
        {"greet.py": "x = '''\n", "more": "'''\n"},
    ),
    Case("the end of the reply does as well", GREET, "greet.py\n```\nx = 1\n", {"greet.py": "x = 1"}),
    Case("the first of two texts counts", GREET, fenced("one\n") + fenced("two\n"), {"greet.py": "one\n"}),
    Case(
        "a name above a fence is better than one in the text",
        PAIR,
        "In `left.py`:\n\n" + fenced("1\n", "") + fenced("2\n", "left.py"),
        {"left.py": "2\n"},
    ),
    Case("prose is no edit", GREET, "One could greet by name.", {}),
    Case("nothing is no edit", GREET, "", {}),
    Case(
        "reasoning is read too, where it was not split off",
        GREET,
        "<think>\nfirst\n```\nx\n```\n</think>\n" + fenced(NEW),
        {"first": "x\n", "greet.py": NEW},
    ),
    Case(
        "a file with fences has longer ones",
        {"a.md": "```\nx\n```\n"},
        "a.md\n````\n```\ny\n```\n````\n",
        {"a.md": "```\ny\n```\n"},
    ),
    Case("line ends are those of Unix", GREET, fenced(NEW).replace("\n", "\r\n"), {"greet.py": NEW}),
]

DIFF = [
    Case(
        "lines in place of others",
        GREET,
        block("    pass\n", "    return name\n"),
        {"greet.py": "def greet(name):\n    return name\n"},
    ),
    Case(
        "several blocks, one after the other",
        GREET,
        block("    pass\n", "    x = 1\n") + block("    x = 1\n", "    y = 2\n"),
        {"greet.py": "def greet(name):\n    y = 2\n"},
    ),
    Case("the first of equal places is meant", {"a.py": "x\nx\n"}, block("x\n", "y\n", "a.py"), {"a.py": "y\nx\n"}),
    Case("other lines than the file's", GREET, block("    return\n", "    x\n"), {}, malformed=True),
    Case("a space at the end of a line", GREET, block("    pass \n", "    x\n"), {}, malformed=True),
    Case(
        "of two blocks one fits, and is applied",
        GREET,
        block("    pass\n", "    x\n") + block("    q\n", "    y\n"),
        {"greet.py": "def greet(name):\n    x\n"},
        True,
    ),
    Case(
        "indentation that all lines lack",
        SHAPE,
        block("self.w = w\nself.h = h\n", "self.w, self.h = w, h\n"),
        {
            "shape.py": SHAPE["shape.py"].replace(
                "        self.w = w\n        self.h = h\n", "        self.w, self.h = w, h\n"
            )
        },
    ),
    Case("but not that only some lack", SHAPE, block("self.w = w\n        self.h = h\n", "x\n"), {}, malformed=True),
    Case(
        "a blank line too many at the beginning", GREET, block("\ndef greet(name):\n    pass\n", NEW), {"greet.py": NEW}
    ),
    Case(
        "lines ... stand for what stays",
        SHAPE,
        block("class Shape:\n...\n        return None\n", "class Shape:\n...\n        return 0\n"),
        {"shape.py": SHAPE["shape.py"].replace("None", "0")},
    ),
    Case(
        "they must be the same in both halves",
        SHAPE,
        block("class Shape:\n...\n        return None\n", "class Shape:\n        return 0\n"),
        {},
        True,
    ),
    Case("no SEARCH lines append", GREET, block("", "x = 1\n"), {"greet.py": GREET["greet.py"] + "x = 1\n"}),
    Case("or make a new file", GREET, block("", "x = 1\n", "other.py"), {"other.py": "x = 1\n"}),
    Case("a block needs the name of its file", GREET, block("    pass\n", "    x\n", ""), {}, malformed=True),
    Case(
        "it may be that of the block before",
        GREET,
        block("def greet(name):\n", "def greet(n):\n") + block("    pass\n", "    x\n", ""),
        {"greet.py": "def greet(n):\n    x\n"},
    ),
    Case(
        "it may stand after the fence",
        GREET,
        block("    pass\n", "    x\n", "").replace("```python", "```greet.py").lstrip(),
        {"greet.py": "def greet(name):\n    x\n"},
    ),
    Case(
        "it may be a little wrong",
        GREET,
        block("    pass\n", "    x\n", "great.py"),
        {"greet.py": "def greet(name):\n    x\n"},
    ),
    Case("another file has the lines", PAIR, block("b = 2\n", "b = 3\n", "none.py"), {"right.py": "b = 3\n"}),
    Case(
        "no fence is needed",
        GREET,
        "greet.py\n<<<<<<< SEARCH\n    pass\n=======\n    x\n>>>>>>> REPLACE\n",
        {"greet.py": "def greet(name):\n    x\n"},
    ),
    Case(
        "markers have five to nine characters",
        GREET,
        fenced("<<<<< SEARCH\n    pass\n=========\n    x\n>>>>>> REPLACE\n"),
        {"greet.py": "def greet(name):\n    x\n"},
    ),
    Case("with four it is no block", GREET, fenced("<<<< SEARCH\n    pass\n====\n    x\n>>>> REPLACE\n"), {}),
    Case("nor with other words", GREET, fenced("<<<<<<< BEFORE\n    pass\n=======\n    x\n>>>>>>> AFTER\n"), {}),
    Case(
        "the divider is missing",
        GREET,
        fenced("<<<<<<< SEARCH\n    pass\n    x\n>>>>>>> REPLACE\n"),
        {},
        malformed=True,
    ),
    Case("the end is missing", GREET, fenced("<<<<<<< SEARCH\n    pass\n=======\n    x\n"), {}, malformed=True),
    Case(
        "no block is applied then",
        GREET,
        block("    pass\n", "    x\n") + "<<<<<<< SEARCH\n    x\n=======\n",
        {},
        malformed=True,
    ),
    Case("a file is not emptied", GREET, block(GREET["greet.py"], ""), {}, malformed=True),
    Case("a whole file is no edit", GREET, fenced(NEW), {}),
    Case("prose is no edit", GREET, "Greet by name.", {}),
    Case("a block that changes nothing is none", GREET, block("    pass\n", "    pass\n"), {}),
    Case(
        "commands are left out",
        GREET,
        "```bash\npython greet.py\n```\n" + block("    pass\n", "    x\n"),
        {"greet.py": "def greet(name):\n    x\n"},
    ),
    Case(
        "a fence within the halves is not part of them",
        GREET,
        block("```\n    pass\n```\n", "```\n    x\n```\n"),
        {"greet.py": "def greet(name):\n    x\n"},
    ),
]

UDIFF = [
    Case(
        "lines go and come",
        GREET,
        udiff("@@ ... @@\n-    pass\n+    return name\n"),
        {"greet.py": "def greet(name):\n    return name\n"},
    ),
    Case(
        "numbers do not count",
        GREET,
        udiff("@@ -7,9 +7,9 @@\n def greet(name):\n-    pass\n+    x\n"),
        {"greet.py": "def greet(name):\n    x\n"},
    ),
    Case(
        "no line of numbers is needed", GREET, udiff("-    pass\n+    x\n"), {"greet.py": "def greet(name):\n    x\n"}
    ),
    Case(
        "the prefixes of git are left out",
        GREET,
        "```diff\n--- a/greet.py\n+++ b/greet.py\n@@\n-    pass\n+    x\n```\n",
        {"greet.py": "def greet(name):\n    x\n"},
    ),
    Case(
        "a new file", GREET, "```diff\n--- /dev/null\n+++ other.py\n@@ ... @@\n+x = 1\n```\n", {"other.py": "x = 1\n"}
    ),
    Case(
        "lines around that are not there",
        GREET,
        udiff("@@ ... @@\n def meet(name):\n-    skip\n+    x\n"),
        {},
        malformed=True,
    ),
    Case(
        "lines that the file lacks are new ones",
        SHAPE,
        udiff("@@ @@\n     # the area\n     def area(self):\n-        return None\n+        return 0\n", "shape.py"),
        {"shape.py": SHAPE["shape.py"].replace("    def area", "    # the area\n    def area").replace("None", "0")},
    ),
    Case(
        "or left out, where too many lack",
        SHAPE,
        udiff("@@ @@\n class Square:\n     x = 1\n     y = 1\n         return None\n+        # none yet\n", "shape.py"),
        {"shape.py": SHAPE["shape.py"] + "        # none yet\n"},
    ),
    Case(
        "indentation is taken relatively",
        SHAPE,
        udiff("@@ @@\n def area(self):\n-    return None\n+    return 0\n", "shape.py"),
        {"shape.py": SHAPE["shape.py"].replace("None", "0")},
    ),
    Case(
        "several hunks of one file",
        SHAPE,
        udiff(
            "@@ @@\n-        self.w = w\n+        self.w = 2\n@@ @@\n-        return None\n+        return 0\n",
            "shape.py",
        ),
        {"shape.py": SHAPE["shape.py"].replace("self.w = w", "self.w = 2").replace("None", "0")},
    ),
    Case(
        "one fits, and is applied",
        SHAPE,
        udiff(
            "@@ @@\n-        self.w = w\n+        self.w = 2\n@@ @@\n-        return 7\n+        return 0\n", "shape.py"
        ),
        {"shape.py": SHAPE["shape.py"].replace("self.w = w", "self.w = 2")},
        True,
    ),
    Case("too little to find the place by", {"a.py": "x\nx\n"}, udiff("@@ @@\n-x\n+y\n", "a.py"), {}, malformed=True),
    Case("no names: no edit", GREET, "```diff\n@@ ... @@\n-    pass\n+    x\n```\n", {}),
    Case("another fence: no edit", GREET, udiff("@@ ... @@\n-    pass\n+    x\n", tag="python"), {}),
    Case(
        "two files in one fence",
        PAIR,
        udiff("@@ @@\n-a = 1\n+a = 3\n\n--- right.py\n+++ right.py\n@@ @@\n-b = 2\n+b = 4\n", "left.py"),
        {"left.py": "a = 3\n", "right.py": "b = 4\n"},
    ),
    Case("prose is no edit", GREET, "Greet by name.", {}),
]


def parameters() -> list[object]:
    return [
        pytest.param(format, case, id=f"{format}: {case.rule}")
        for format, cases in (("whole", WHOLE), ("diff", DIFF), ("udiff", UDIFF))
        for case in cases
    ]


@pytest.mark.parametrize(("format", "case"), parameters())
def test_a_reply_is_read_by_the_rules_of_its_format(format: str, case: Case) -> None:
    reply = read_reply(format, case.reply, case.files)
    assert {name: reply.files[name] for name in reply.edit.files} == case.changed
    assert reply.files == case.files | case.changed
    assert bool(reply.edit.malformed) == case.malformed
    assert reply.edit.format == format


def test_a_complaint_says_what_is_wrong_where_and_what_to_do() -> None:
    missing = read_reply("whole", fenced("a = 5\n", ""), PAIR).edit.malformed
    assert "without the name of its file" in missing
    assert "on the line above the opening fence" in missing

    reply = block("    pass\n", "    x\n") + block("def greet(who):\n    x\n", NEW)
    failed = read_reply("diff", reply, GREET).edit.malformed
    assert "1 of 2 SEARCH/REPLACE blocks could not be applied" in failed
    assert "<<<<<<< SEARCH\ndef greet(who):" in failed
    assert "most like them:\n```\ndef greet(name):\n    x\n```" in failed, "the file as the first block has left it"
    assert "The other blocks are applied: do not send them again." in failed

    broken = read_reply("diff", fenced("<<<<<<< SEARCH\n    pass\n"), GREET).edit.malformed
    assert broken.endswith("^^^ The line `=======` after the SEARCH lines is missing.")

    hunk = read_reply("udiff", udiff("@@ @@\n-    skip\n+    x\n"), GREET).edit.malformed
    assert "1 of 1 hunks could not be applied" in hunk
    assert "greet.py has no such lines" in hunk


def test_the_diff_of_an_edit_shows_all_files() -> None:
    reply = fenced("def greet(name):\n    return name\n") + fenced("x = 1\n", "new.py")
    assert read_reply("whole", reply, GREET).edit.diff == (
        "--- greet.py\n+++ greet.py\n@@ -1,2 +1,2 @@\n def greet(name):\n-    pass\n+    return name\n"
        "--- /dev/null\n+++ new.py\n@@ -0,0 +1 @@\n+x = 1\n"
    )
    assert read_reply("whole", "I would not change it.", GREET).edit.diff == ""
