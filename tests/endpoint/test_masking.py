"""Keys that a server's texts hold: found however they are spelt, and removed."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.masking import MASK, Mask

KEY = 'sk-Ab/Cd+ef=gh"ij\\kl&mn~op qr'


def mask_of(*keys: str) -> Mask:
    mask = Mask()
    for key in keys:
        mask.note(key)
    return mask


def lower_hex(text: str) -> str:
    """A percent-encoded text with its hexadecimal digits in lower case."""
    return re.sub("%..", lambda match: match[0].lower(), text)


SPELLINGS = {
    "verbatim": KEY,
    "upper": KEY.upper(),
    "lower": KEY.lower(),
    "url": quote(KEY, safe=""),
    "url, slashes kept": quote(KEY),
    "url, lower hex": lower_hex(quote(KEY, safe="")),
    "form": quote_plus(KEY),
    "url twice": quote(quote(KEY, safe=""), safe=""),
    "url in part": quote(KEY[:10], safe="") + KEY[10:],
    "json": json.dumps(KEY)[1:-1],
    "json twice": json.dumps(json.dumps(KEY))[3:-3],
    "json, slashes escaped": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "json, all escaped": "".join(f"\\u{ord(char):04X}" for char in KEY),
    "html": html.escape(KEY),
    "html, by numbers": "".join(f"&#{ord(char)};" for char in KEY),
    "html, by hexadecimal numbers": "".join(f"&#x{ord(char):X};" for char in KEY),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_key_is_masked_in_every_spelling(name: str) -> None:
    assert mask_of(KEY).hide(f"key={SPELLINGS[name]} is wrong") == f"key={MASK} is wrong"


@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("before", ["", "x", "xy", "Bearer ", "user:"])
def test_a_key_is_masked_in_base64_wherever_it_stands(before: str, after: str) -> None:
    raw = f"{before}{KEY}{after}".encode()
    for text in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        for spelt in (text, text.rstrip("="), quote(text, safe=""), json.dumps(text)[1:-1].replace("/", "\\/")):
            hidden = mask_of(KEY).hide(f"Authorization: {spelt}, refused")
            assert hidden.endswith(", refused")
            assert MASK in hidden
            left = hidden.removeprefix("Authorization: ").replace(MASK, "").removesuffix(", refused")
            assert len(unquote(left)) <= 4 * (len(before) + len(after)), "nothing of the key is left"


def test_base64_of_the_key_alone_leaves_nothing() -> None:
    assert mask_of(KEY).hide(f"<{base64.b64encode(KEY.encode()).decode()}>") == f"<{MASK}>"


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=12, max_size=80), st.binary(max_size=5))
def test_any_key_in_any_of_these_spellings(key: str, beside: bytes) -> None:
    """Keys are printable ASCII: `Endpoint.key`."""
    key = key.strip() or KEY
    mask = mask_of(key)
    spelt = [key, quote(key, safe=""), quote(key), json.dumps(key)[1:-1], html.escape(key)]
    if len(key) >= 12:
        spelt.append(base64.b64encode(beside + key.encode() + beside).decode())
    else:
        spelt = [key]
    for text in spelt:
        assert MASK in mask.hide(f"<<{text}>>")


def test_a_short_word_is_no_secret_and_is_masked_as_it_is_only() -> None:
    mask = mask_of("EMPTY")
    assert (
        mask.hide("key EMPTY is wrong; the set is empty; RU1QVFk=")
        == f"key {MASK} is wrong; the set is empty; RU1QVFk="
    )


def test_other_texts_are_left_alone() -> None:
    said = f"{KEY[:-1]} and {base64.b64encode(b'another text of some length').decode()} %2F \\u0041 &amp;"
    assert mask_of(KEY).hide(said) == said


def test_neither_repr_nor_vars_show_a_key() -> None:
    mask = mask_of(KEY)
    assert "sk-Ab" not in repr(mask)
    assert not hasattr(mask, "__dict__")


@pytest.mark.parametrize("piece", ["x", "*", "x*", "\\", "%", KEY[:-1], "***" + "x" * 99, "a:****", ":*****:"])
def test_a_long_text_takes_no_time(piece: str) -> None:
    text = "***" + piece * (400_000 // len(piece))
    began = time.perf_counter()
    mask_of(KEY).hide(text)
    assert time.perf_counter() - began < 10, "by the square of its length it would be minutes"


def test_beginnings_of_the_key_are_left_alone() -> None:
    """By the thousand; and a key may be nothing but backslashes."""
    said = (KEY[:-1] + "\\" * 9) * 1_000
    assert mask_of(KEY).hide(said) == said
    assert MASK in mask_of("\\" * 16).hide("\\" * 16)


def test_an_answer_is_searched_for_the_key_as_it_was_sent() -> None:
    """What is streamed is not searched for other spellings: that would cost every chunk, and change mathematics."""
    answer = f"{KEY} {quote(KEY, safe='')}"
    assert mask_of(KEY).hide_in_answer(answer) == f"{MASK} {quote(KEY, safe='')}"
