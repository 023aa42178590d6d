"""When a worker counts as hung. Steps are counted, so a kernel that was itself suspended has not waited."""

from __future__ import annotations

from qwq_nb.bench.silence import PING_S, SILENT_S, START_LIMIT_S, START_SILENT_S, Silence


def seconds_until_hung(*, ready: bool, beats: bool = False, verdicts: bool = False, deadline_s: float | None) -> float:
    """The time until a process that answers as described counts as hung; at most an hour."""
    silence = Silence()
    for step in range(1, int(3600 / PING_S)):
        if beats:
            silence.heard(verdict=verdicts)
        if silence.step(ready=ready, deadline_s=deadline_s):
            return step * PING_S
    return 3600.0


def test_one_that_says_nothing() -> None:
    assert seconds_until_hung(ready=True, deadline_s=10.0) == SILENT_S == 20.0
    assert seconds_until_hung(ready=True, deadline_s=None) == SILENT_S
    assert seconds_until_hung(ready=False, deadline_s=None) == START_SILENT_S == 60.0


def test_one_that_lives_may_take_its_time_to_start_but_not_for_ever() -> None:
    assert seconds_until_hung(ready=False, beats=True, deadline_s=10.0) == START_LIMIT_S


def test_one_that_lives_but_grades_nothing() -> None:
    assert seconds_until_hung(ready=True, beats=True, deadline_s=10.0) == 280.0
    assert seconds_until_hung(ready=True, beats=True, deadline_s=None) == 3600.0
    assert seconds_until_hung(ready=True, beats=True, verdicts=True, deadline_s=10.0) == 3600.0


def test_a_sign_of_life_begins_the_count_anew_and_silence_is_said_first() -> None:
    silence = Silence()
    texts = []
    for _ in range(5):
        assert not silence.step(ready=True, deadline_s=None)
        texts.append(silence.text)
    assert (texts[0], texts[-1]) == ("", "waiting for the benchmark worker, which does not answer")
    silence.heard(verdict=False)
    assert silence.text == ""
    assert not any(silence.step(ready=True, deadline_s=None) for _ in range(int(SILENT_S / PING_S) - 1))
    assert silence.step(ready=True, deadline_s=None) == "did not answer for 20 s"
