"""The reasoning splitter: the 13 shapes of ANCHORS.md 2.2, every way to cut a stream, the live views, linear cost."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.reasoning import SHAPES, ReasoningSplitter, Split, split
from qwq_nb.endpoint.think_tags import LONGEST

Texts = tuple[str | None, str | None, str | None]
"""reasoning, reasoning_content, content"""

# number, what, deltas, finish reason, prefilled, expected
THIRTEEN: list[tuple[str, Sequence[Texts], str | None, bool | None, Split]] = [
    ("1 reasoning_content", [(None, "why", None), (None, None, "7")], "stop", None, Split("why", "7", "field")),
    ("2 reasoning", [("why", None, None), (None, None, "7")], "stop", None, Split("why", "7", "field")),
    ("3 both, same", [("wh", "wh", ""), ("y", "y", None), ("", "", "7")], "stop", None, Split("why", "7", "field")),
    ("3 both, one behind", [("wh", "wh", ""), (None, "y", "7")], "stop", None, Split("why", "7", "field")),
    ("3 both, different", [("why", "other", "7")], "stop", None, Split("why", "7", "field")),
    ("3 both, one blank", [("\n", "why", "7")], "stop", None, Split("why", "7", "field")),
    ("4 paired tags", [(None, None, "<think>\nwhy\n</think>\n\n7\n")], "stop", None, Split("why", "7", "tags")),
    ("5 lone closing tag", [(None, None, "why\n</think>\n\n7")], "stop", None, Split("why", "7", "prefilled")),
    ("6 unclosed, cut", [(None, None, "<think>why, wh")], "length", None, Split("why, wh", "", "unclosed")),
    ("7 untagged, cut", [(None, None, "why, wh")], "length", True, Split("why, wh", "", "untagged_cut")),
    ("7 not prefilled", [(None, None, "why, wh")], "length", False, Split("", "why, wh", "answer_only")),
    ("7 not known", [(None, None, "why, wh")], "length", None, Split("", "why, wh", "answer_only")),
    ("7 not cut", [(None, None, "It is 7.")], "stop", True, Split("", "It is 7.", "answer_only")),
    ("8 split tag", [(None, None, "why</th"), (None, None, "ink>7")], "stop", None, Split("why", "7", "prefilled")),
    (
        "9 tag in code",
        [(None, None, "<think>it ends with `</think>`, so</think>7")],
        "stop",
        None,
        Split("it ends with `</think>`, so", "7", "tags"),
    ),
    (
        "10 answer in the field",
        [("why, so 7", None, None), (None, None, "")],
        "stop",
        None,
        Split("why, so 7", "", "field"),
    ),
    ("11 interrupted", [(None, None, "<think>why")], "interrupted", None, Split("why", "", "unclosed")),
    ("11 no reason", [(None, None, "why")], None, True, Split("why", "", "untagged_cut")),
    ("12 empty deltas", [(None, None, None), ("", "", "")], "stop", None, Split("", "", "empty")),
    (
        "13 cut after the answer",
        [(None, None, "<think>why</think>\\boxed{7} and fur")],
        "length",
        True,
        Split("why", "\\boxed{7} and fur", "tags"),
    ),
]

# content, prefilled, expected; the stream ends with "stop" and no field
CONTENTS: list[tuple[str, bool | None, Split]] = [
    ("  \n<think>why</think>7", None, Split("why", "7", "tags")),
    ("Sure. <think>why</think>7", None, Split("why", "Sure. 7", "tags")),
    ("so <think> is a tag</think>7", True, Split("so <think> is a tag", "7", "prefilled")),
    ("Sure. <think>why", None, Split("Sure. why", "", "unclosed")),
    ("<think>a</think>b<think>c</think>d", None, Split("a\n\nc", "b\nd", "tags")),
    ("a</think>b</think>c", None, Split("ab", "c", "prefilled")),
    ("a</think>b<think>c</think>", None, Split("a\n\nc", "b", "prefilled")),
    ("<think></think>7", None, Split("", "7", "tags")),
    ("<think>\n\n</think>\n\n7", True, Split("", "7", "tags")),
    ("</think>7", None, Split("", "7", "prefilled")),
    ("<think>", None, Split("", "", "unclosed")),
    ("<thinking>why</thinking>7", None, Split("why", "7", "tags")),
    ("<THINK>why</THINK>7", None, Split("why", "7", "tags")),
    ("Here is my thought process:\nwhy\n\nHere is my response:\n7", None, Split("why", "7", "tags")),
    ("Here's my thought process: why", None, Split("why", "", "unclosed")),
    (
        "7, and here is my thought process: why",
        None,
        Split("", "7, and here is my thought process: why", "answer_only"),
    ),
    ("1 < 2 </thin 7", None, Split("", "1 < 2 </thin 7", "answer_only")),
    ("\n \n", None, Split("", "", "empty")),
    # Closing tags in code.
    ("a\n```\n</think>\n```\nb</think>7", None, Split("a\n```\n</think>\n```\nb", "7", "prefilled")),
    ("<think>a\n```py\nx = 1\n</think>\n7", None, Split("a\n```py\nx = 1", "7", "tags")),
    ("<think>\n```py\n`</think>`\n</think>\n7", None, Split("```py\n`</think>`", "7", "tags")),
    ("<think>\n```\nx\n```</think>7 `</think>`", None, Split("```\nx\n```", "7 `</think>`", "tags")),
    ("<think>\n````\n```\n</think>\n````\nb</think>7", None, Split("````\n```\n</think>\n````\nb", "7", "tags")),
    ("<think>```</think>``` b</think>7", None, Split("```</think>``` b", "7", "tags")),
    ("<think>``a` </think>`` b</think>7", None, Split("``a` </think>`` b", "7", "tags")),
    ("<think>a ` b</think>7 `x`\n", None, Split("a ` b", "7 `x`", "tags")),
    ("<think>a ` b</think>7\n`x`\n", None, Split("a ` b", "7\n`x`", "tags")),
    ("a ` b\n<think>why `</think>7", None, Split("why `", "a ` b\n7", "tags")),
    # Text about tags: without an opened thought it is text where nothing opens one, and a thought where something may.
    ("write `</think>` there", False, Split("", "write `</think>` there", "answer_only")),
    ("write `</think>` there", None, Split("write `", "` there", "prefilled")),
    ("a</think>7", False, Split("a", "7", "prefilled")),
    ("write `<think>` there", None, Split("", "write `<think>` there", "answer_only")),
]

# content beside the field "why"
FIELDED: list[tuple[str, Split]] = [
    ("</think>\n7", Split("why", "7", "field_and_tags")),
    ("\n<think>why</think>7", Split("why", "7", "field_and_tags")),
    ("<think></think>7", Split("why", "7", "field_and_tags")),
    ("<think>and then</think>7", Split("why\n\nand then", "7", "field_and_tags")),
    ("<think>why not", Split("why not", "", "unclosed")),
    ("`<think>` opens, </think> closes", Split("why", "`<think>` opens, </think> closes", "field")),
    ("It is <think>x</think>", Split("why\n\nx", "It is", "field_and_tags")),
]


def feed(splitter: ReasoningSplitter, reasoning: str | None, alias: str | None, content: str | None) -> None:
    splitter.feed(Delta(reasoning or "", alias or "", content or ""))


def run(deltas: Sequence[Texts], finish: str | None = "stop", prefilled: bool | None = None) -> Split:
    splitter = ReasoningSplitter(prefilled)
    for delta in deltas:
        feed(splitter, *delta)
    return splitter.finish(finish)


def characters(deltas: Sequence[Texts]) -> list[Texts]:
    """The same deltas, one character each."""
    single: list[Texts] = []
    for delta in deltas:
        for i, text in enumerate(delta):
            single += [(c if i == 0 else None, c if i == 1 else None, c if i == 2 else None) for c in text or ""]
    return single


@pytest.mark.parametrize(
    ("deltas", "finish", "prefilled", "expected"), [row[1:] for row in THIRTEEN], ids=[row[0] for row in THIRTEEN]
)
def test_the_thirteen_shapes(
    deltas: Sequence[Texts], finish: str | None, prefilled: bool | None, expected: Split
) -> None:
    assert run(deltas, finish, prefilled) == expected
    assert run(characters(deltas), finish, prefilled) == expected


@pytest.mark.parametrize(("content", "prefilled", "expected"), CONTENTS)
def test_contents_at_every_cut(content: str, prefilled: bool | None, expected: Split) -> None:
    assert split("", content, finish_reason="stop", prefilled=prefilled) == expected
    for i in range(len(content) + 1):
        assert run([(None, None, content[:i]), (None, None, content[i:])], "stop", prefilled) == expected
    assert run(characters([(None, None, content)]), "stop", prefilled) == expected


@pytest.mark.parametrize(("content", "expected"), FIELDED)
def test_contents_beside_a_field(content: str, expected: Split) -> None:
    for i in range(len(content) + 1):
        assert run([("why", None, content[:i]), (None, None, content[i:])]) == expected
        assert run([(None, None, content[:i]), (None, "why", content[i:])]) == expected


def test_shapes_are_all_shown() -> None:
    shown = (
        {row[-1].shape for row in THIRTEEN} | {row[-1].shape for row in CONTENTS} | {row[-1].shape for row in FIELDED}
    )
    assert shown == set(SHAPES)


PIECES = st.sampled_from(
    "<think>|</think>|<|</th|ink>|think>|<thinking>|</thinking>|`|```|```py|~|\n| |a|7 |{x}|é".split("|")  # noqa: SIM905
)
TEXTS = st.lists(PIECES, max_size=14).map("".join)
OF_NO_TAG = "a7{x}\u00e9~`"
FINISH = st.sampled_from(["stop", "length", "interrupted", "content_filter", None])
PREFILLED = st.sampled_from([None, True, False])


CUTS = st.lists(st.integers(0, 60), max_size=6)


@given(st.tuples(TEXTS, TEXTS, TEXTS), st.tuples(CUTS, CUTS, CUTS), st.lists(st.integers(1, 7)), FINISH, PREFILLED)
def test_the_cut_does_not_matter(
    texts: Texts, cuts: tuple[list[int], ...], turns: list[int], finish: str | None, prefilled: bool | None
) -> None:
    queues = [pieces(text or "", marks) for text, marks in zip(texts, cuts, strict=True)]
    deltas: list[Texts] = []
    # Each turn is a set of fields (three bits) that carry their next piece; at the end one after the other.
    for turn in [*turns, *[1] * 7, *[2] * 7, *[4] * 7]:
        a, b, c = (queue.pop(0) if queue and turn >> i & 1 else None for i, queue in enumerate(queues))
        deltas.append((a, b, c))
    assert run(deltas, finish, prefilled) == run([texts], finish, prefilled)


def pieces(text: str, marks: list[int]) -> list[str]:
    return [text[a:b] for a, b in pairwise([0, *sorted(min(mark, len(text)) for mark in marks), len(text)])]


@given(TEXTS, TEXTS, FINISH, PREFILLED)
def test_nothing_is_lost_or_invented(field: str, content: str, finish: str | None, prefilled: bool | None) -> None:
    result = split(field, content, finish_reason=finish, prefilled=prefilled)
    assert result.shape in SHAPES
    assert result.reasoning == result.reasoning.strip()
    assert result.answer == result.answer.strip()
    if result.shape in ("unclosed", "untagged_cut", "empty"):
        assert not result.answer
    if not field.strip():
        came = "".join(content.split())
        # What stood around a tag may make one of its own: `</th<think>ink>`.
        joined = came.replace("<think>", "").replace("</think>", "")
        for tag in ("<think>", "</think>"):
            assert result.reasoning.count(tag) + result.answer.count(tag) <= came.count(tag) + joined.count(tag)
        # What is missing of the content are tags: all other characters are there.
        kept = Counter(result.reasoning + result.answer)
        assert {c: kept[c] for c in OF_NO_TAG} == {c: content.count(c) for c in OF_NO_TAG}
    elif not content.strip():
        assert result == Split(field.strip(), "", "field")


def bare(text: str) -> str:
    return "".join(text.split())


@given(TEXTS, PREFILLED)
@example("so `</think>` is\n</think>7", None)
@example("<think>a</think>b<", None)
def test_live_views_are_the_split_of_the_text_so_far(content: str, prefilled: bool | None) -> None:
    splitter = ReasoningSplitter(prefilled)
    for i, character in enumerate(content, start=1):
        feed(splitter, None, None, character)
        reasoning, answer = splitter.reasoning_so_far(sys.maxsize), splitter.answer_so_far(sys.maxsize)
        assert len(splitter._held) < LONGEST
        assert splitter.reasoning_chunks + splitter.answer_chunks == i
        # Backticks decide anew what is a tag only when the next tag comes: see the class.
        if "`" not in content and content.count("think") <= 8:
            so_far = split("", content[: i - len(splitter._held)], finish_reason="interrupted", prefilled=prefilled)
            # Line feeds between texts that a thought parted come with the next look.
            assert (bare(reasoning), bare(answer)) == (bare(so_far.reasoning), bare(so_far.answer))
            assert splitter.phase in ("waiting", "answer") or so_far.reasoning or "<think" in content
            assert splitter.phase in ("waiting", "reasoning") or so_far.answer or "</think" in content
    result = splitter.finish("stop")
    assert splitter.reasoning_so_far(sys.maxsize) == result.reasoning
    assert splitter.answer_so_far(sys.maxsize) == result.answer


@given(TEXTS, st.integers(-1, 20))
def test_tails(content: str, tail: int) -> None:
    splitter = ReasoningSplitter()
    for character in content:
        feed(splitter, "why ", None, character)
        for view in (splitter.reasoning_so_far, splitter.answer_so_far):
            assert view(tail) == (view(sys.maxsize)[-tail:] if tail > 0 else "")


def phases(deltas: Sequence[Texts], prefilled: bool | None = None) -> list[tuple[str, int, int]]:
    splitter = ReasoningSplitter(prefilled)
    seen: list[tuple[str, int, int]] = []
    for delta in deltas:
        feed(splitter, *delta)
        seen.append((splitter.phase, splitter.reasoning_chunks, splitter.answer_chunks))
    return seen


def contents(*texts: str) -> list[Texts]:
    return [(None, None, text) for text in texts]


def test_phases_and_chunk_counts() -> None:
    assert phases([("a", None, None), ("b", "b", None), (None, None, "\n"), (None, None, "7")]) == [
        ("reasoning", 1, 0),
        ("reasoning", 2, 0),
        ("reasoning", 2, 1),
        ("answer", 2, 2),
    ]
    assert [phase for phase, _, _ in phases(contents("\n", "<thi", "nk>", "a", "</think>", "7"))] == [
        "waiting",
        "waiting",
        "reasoning",
        "reasoning",
        "answer",
        "answer",
    ]
    # A lone closing tag moves what had come as answer over to the reasoning.
    assert phases(contents("a", "b", "</think>", "7")) == [
        ("answer", 0, 1),
        ("answer", 0, 2),
        ("answer", 3, 0),
        ("answer", 3, 1),
    ]
    assert phases(contents("a", "b", "</think>", "7"), prefilled=True) == [
        ("reasoning", 1, 0),
        ("reasoning", 2, 0),
        ("answer", 3, 0),
        ("answer", 3, 1),
    ]


def test_a_partial_tag_never_flashes() -> None:
    splitter = ReasoningSplitter(prefilled=True)
    for character in "why</think>7":
        feed(splitter, None, None, character)
        assert "<" not in splitter.reasoning_so_far(100) + splitter.answer_so_far(100)
    feed(splitter, None, None, " <")
    assert splitter.answer_so_far(100) == "7 "
    feed(splitter, None, None, "8")
    assert splitter.answer_so_far(100) == "7 <8"


def test_a_mention_in_code_is_corrected_by_the_real_tag() -> None:
    splitter = ReasoningSplitter(prefilled=True)
    for delta in contents("a tag like `", "</think>", "` ends it", "</think>", "7"):
        feed(splitter, *delta)
    assert splitter.reasoning_so_far(100) == "a tag like `</think>` ends it"
    assert splitter.answer_so_far(100) == "7"
    assert (splitter.reasoning_chunks, splitter.answer_chunks) == (4, 1)


def test_finishing_twice_gives_the_same() -> None:
    splitter = ReasoningSplitter()
    for delta in [("w", None, None), ("hy ", None, "</think>"), (None, None, " 7\n")]:
        feed(splitter, *delta)
    assert splitter.finish("stop") == splitter.finish("interrupted") == Split("why", "7", "field_and_tags")
    assert (splitter.reasoning_so_far(100), splitter.answer_so_far(100)) == ("why", "7")


def test_counts_follow_the_final_shape() -> None:
    for prefilled, finish, counts in ((True, "length", (3, 0)), (True, "stop", (0, 3)), (None, "length", (0, 3))):
        splitter = ReasoningSplitter(prefilled)
        for delta in contents("a", "b", "c"):
            feed(splitter, *delta)
        splitter.finish(finish)
        assert (splitter.reasoning_chunks, splitter.answer_chunks) == counts


@pytest.mark.parametrize("chunk", [" word", "`</think>`", "<", "<think>", "```\n", "`"])
def test_the_work_is_linear(chunk: str) -> None:
    """Line events of the tracer are the operations: four times the chunks, about four times the work."""
    small, large = lines_run(chunk, 500), lines_run(chunk, 2_000)
    assert large < 4.6 * small


def lines_run(chunk: str, n: int) -> int:
    lines = 0

    def trace(*_: object) -> object:
        nonlocal lines
        lines += 1
        return trace

    deltas = contents(*[chunk] * n)
    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        run(deltas)
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("chunk", [" word", "`</think>`"])
def test_long_streams_are_looked_at_rarely_and_kept_once(chunk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    look = ReasoningSplitter._look_again

    def counted(self: ReasoningSplitter) -> None:
        nonlocal looked
        looked += 1
        look(self)

    monkeypatch.setattr(ReasoningSplitter, "_look_again", counted)
    splitter = ReasoningSplitter(prefilled=True)
    for _ in range(200_000):
        feed(splitter, None, None, chunk)
    assert looked <= 8 + 17
    assert len(splitter._content) == 200_000
    assert len(splitter._thought) + len(splitter._answer) <= 200_002
    result = splitter.finish("length")
    assert (result.reasoning + result.answer).count("word") == 200_000 * chunk.count("word")
