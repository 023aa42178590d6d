"""One rule for text that no encoding holds, wherever such a text goes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.bench.protocol import encode
from qwq_nb.core.text import valid_text, valid_values
from qwq_nb.store.jsonl import encode_row
from qwq_nb.view.clean import visible
from qwq_nb.view.clip import lean

BROKEN = "a\ud83d\ude00b\ud800\udfff" + "\ud800"
WHOLE = "a😀b\U000103ff\ufffd"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_that_can_be_encoded(text: str) -> None:
    made = valid_text(text)
    assert made.encode().decode() == made
    assert valid_text(made) == made


def test_valid_text_is_the_same_object() -> None:
    for text in ("plain", "größer 等等 😀"):
        assert valid_text(text) is text


def test_files_messages_and_views_have_one_result() -> None:
    assert valid_text(BROKEN) == WHOLE
    assert visible(BROKEN) == WHOLE
    assert lean({BROKEN: [BROKEN]}) == {WHOLE: [WHOLE]}
    assert valid_values({BROKEN: (BROKEN, 1, None)}) == {WHOLE: [WHOLE, 1, None]}
    assert json.loads(encode_row({BROKEN: [BROKEN]})) == {WHOLE: [WHOLE]}
    assert json.loads(encode({BROKEN: [BROKEN]})) == {WHOLE: [WHOLE]}
