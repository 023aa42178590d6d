"""When a stream counts as stalled although bytes still come: told by a clock of the test's own."""

from __future__ import annotations

import pytest

from qwq_nb.endpoint.stall import FEWEST_PIECES, FIRST_PIECE, StallDetector


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_steady_stream_never_stalls_however_slow(clock: Clock) -> None:
    pulse = StallDetector(300, clock)
    for pieces in range(500):
        assert not pulse.stalled(pieces)
        clock.now += 90  # a piece in a minute and a half


def test_too_few_pieces_in_the_read_timeout_are_a_stall(clock: Clock) -> None:
    pulse = StallDetector(300, clock)
    assert not pulse.stalled(1)
    clock.now = 299
    assert not pulse.stalled(FEWEST_PIECES)
    clock.now = 301
    assert pulse.stalled(FEWEST_PIECES)
    assert "2 chunks of text in 300 s" in pulse.words(FEWEST_PIECES)


def test_before_the_first_piece_a_request_may_queue_for_longer(clock: Clock) -> None:
    pulse = StallDetector(300, clock)
    clock.now = FIRST_PIECE * 300 - 1
    assert not pulse.stalled(0)
    clock.now += 2
    assert pulse.stalled(0)
    assert "bytes came, but no text, for 1200 s" in pulse.words(0)
