"""Whatever a reply says: no name leads out of the folder, nothing is raised, and it is read in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.bench.editing.formats.names import clean_name, fits_beside
from qwq_nb.bench.editing.formats.reply import EDIT_FORMATS, read_reply

FILES = {"a.py": "def f():\n    return 1\n\n\ndef g():\n    return 2\n", "b.py": "x = 1\ny = 2\n"}

NAMES = st.one_of(
    st.sampled_from(
        [
            *("a.py", "b.py", "./a.py", "../a.py", "../../etc/passwd", "/etc/passwd", "sub/../../x.py", "..", ".", "/"),
            *("C:\\x.py", "C:/x.py", "..\\x.py", "a.py/x.py", "a.py/../../x", "x\0.py", "~/x", "sub/dir/x.py", "a.py/"),
            *("x" * 300, "link -> /etc/passwd", "\ud800.py", "a\u202e.py", "//server/x", "`a.py`", "**../x.py**"),
            *("https://host/x.py", "file:///etc/passwd", "%2e%2e/x.py", "CON", " ../x.py ", "`../x.py`:", "#../x.py"),
        ]
    ),
    st.text(max_size=40),
)
LINES = st.sampled_from(
    [
        *("```", "```python", "```diff", "````", "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "@@ ... @@", "..."),
        *("def f():", "    return 1", "", "x = 1", "y = 2", "-x = 1", "+x = 2", " x = 1", "return 2", "+    q", "---"),
    ]
)
HEADERS = NAMES.map(lambda name: f"--- {name}\n+++ {name}")
REPLIES = st.lists(st.one_of(LINES, LINES, NAMES, HEADERS, st.text(max_size=20)), max_size=40).map("\n".join)


@given(st.sampled_from(EDIT_FORMATS), REPLIES)
def test_no_file_lies_outside_the_folder(format: str, reply: str) -> None:
    read = read_reply(format, reply, FILES)
    assert read.files.keys() >= FILES.keys(), "no file is taken away"
    for name in read.files:
        assert name == clean_name(name)
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert not {"\\", "\0"} & set(name)
        assert fits_beside(name, [other for other in read.files if other != name])
    again = read_reply(format, reply, FILES)
    assert again == read, "and the same is read each time"


def reply_to(format: str, name: str) -> str:
    """A reply that writes a new file of this name."""
    if format == "whole":
        return f"{name}\n```\nx\n```\n"
    if format == "diff":
        return f"{name}\n```\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n```\n"
    return f"```diff\n--- {name}\n+++ {name}\n@@ @@\n+x\n```\n"


@pytest.mark.parametrize("format", EDIT_FORMATS)
@pytest.mark.parametrize(
    "name",
    ["../x.py", "/tmp/x.py", "sub/../../x.py", "..\\x.py", "C:/x.py", "x\0.py", "a.py/x.py", "..", "d/" * 40 + "x"],
)
def test_a_name_that_leads_out_is_refused_in_words(format: str, name: str) -> None:
    read = read_reply(format, reply_to(format, name), FILES)
    assert read.files == FILES
    assert "cannot be the name of a file here" in read.edit.malformed


@pytest.mark.parametrize("format", EDIT_FORMATS)
def test_a_name_within_is_taken(format: str) -> None:
    read = read_reply(format, reply_to(format, "./sub//x.py"), FILES)
    assert read.edit.files == ["sub/x.py"]
    assert not read.edit.malformed


def sr(search: str, replace: str) -> str:
    return f"a.py\n```\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n"


DIFF = "```diff\n--- a.py\n+++ a.py\n"
HUGE = {
    "fences": ("whole", "```\n" * 200_000),
    "a long file": ("whole", "a.py\n```\n" + "x = 1\n" * 100_000 + "```\n"),
    "names": ("whole", "`a.py`, " * 100_000),
    "a deep name": ("whole", "d/" * 200_000 + "\n```\nx\n```\n"),
    "heads": ("diff", "a.py\n" + "<<<<<<< SEARCH\n" * 60_000),
    "a file that grows, searched often": ("diff", sr("", "x\n" * 200_000) + sr("y\nz\n", "q\n") * 290),
    "indentation": ("diff", sr("", "    x\n x\n" * 60_000) + sr("x\nx\n" * 3_000, "q\n") * 2),
    "blank lines before dots": ("diff", sr("\n" * 200_000 + "...\n", "...\n")),
    "a long line": ("diff", "a.py" * 100_000 + "\n```\n<<<<<<< SEARCH\nx\n=======\n"),
    "one hunk": ("udiff", DIFF + "@@\n" + " x\n-y\n+z\n" * 30_000 + "```\n"),
    "hunks": ("udiff", DIFF + "@@\n+x\n" * 30_000 + "```\n"),
    "lines around": (
        "udiff",
        DIFF + ("@@\n" + " return 1\n return 2\n" * 40 + "-q\n+r\n" + " x\n" * 40) * 290 + "```\n",
    ),
    "headers": ("udiff", DIFF + "--- a.py\n+++ a.py\n" * 30_000 + "```\n"),
    "more than is read": ("whole", "a.py\n```\n" + "x" * 2_000_000),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_reply_is_read_in_seconds(name: str) -> None:
    format, reply = HUGE[name]
    before = time.process_time()
    edit = read_reply(format, reply, FILES).edit
    assert time.process_time() - before < 30, "the slowest takes three on a slow machine"
    assert len(edit.malformed) < 40_000, "a complaint goes into a request"
