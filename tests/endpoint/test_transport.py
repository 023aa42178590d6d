"""`Retry-After`, in seconds or as a date."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.transport import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("", None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("nan", 0.0)],
)
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    ahead = retry_after(formatdate(time.time() + 100, usegmt=True))
    assert ahead is not None
    assert 90 < ahead <= 100
    assert retry_after(formatdate(time.time() - 100, usegmt=True)) == 0.0


def test_a_date_of_no_known_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        ahead = retry_after(formatdate(time.time() + 100))  # "-0000"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ahead is not None
    assert 90 < ahead <= 100


@given(st.text(max_size=40) | st.from_regex(r"\A\w{3}, \d{1,5} \w{3} \d{1,6} \d\d:\d\d:\d\d .{0,6}\Z"))
def test_a_retry_after_that_is_none_is_no_error(value: str) -> None:
    seconds = retry_after(value)
    assert seconds is None or seconds >= 0
