"""Whom a fault strikes: which prompts, which attempts, from when on; and what is no fault."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.demo.faults import FaultPlan
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError
from tests.demo.client import Client, join_deltas

pytestmark = pytest.mark.filterwarnings("error")

ANSWER = "The sum is \\boxed{42}, which is even."


def test_attempts_strike_the_first_requests_for_each_prompt(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["status,code=503,attempts=2", "status,code=429,attempts=3"])
    assert [client.post("sum").status_code for _ in range(4)] == [503, 503, 429, 200]
    assert client.post("tiny").status_code == 503


def test_after_strikes_once_so_many_requests_have_come(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["status,code=401,after=2"])
    assert [client.post(name).status_code for name in ("sum", "tiny", "sum", "tiny")] == [200, 200, 401, 401]


def test_match_strikes_the_problems_that_contain_it(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["status,match=$25$\\, and"])
    assert client.post("sum").status_code == 503
    assert client.post("tiny").status_code == 200


def test_p_strikes_a_share_of_the_prompts_and_always_the_same() -> None:
    def struck(spec: str, seed: int | None = None) -> set[int]:
        plan = FaultPlan([spec])
        body: dict[str, Any] = {} if seed is None else {"seed": seed}
        return {i for i in range(2000) if plan.next(f"demo/{i}", "", body)}

    assert 500 < len(struck("status,p=0.3")) < 700
    assert struck("status,p=0.3") == struck("status,p=0.3")
    assert struck("status,p=0.3") < struck("status,p=0.5")  # a greater share has the smaller one in it
    assert struck("status,p=0.3", seed=1) != struck("status,p=0.3", seed=2)
    assert struck("status,p=0.3") != struck("reset,p=0.3")
    assert struck("status,p=0") == set()


def test_a_retry_gets_the_variant_that_the_failed_attempt_would_have_had(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["mid_close,attempts=1"])
    client.wire(stream=True)
    assert join_deltas(client.chunks(), "content") == ANSWER


def test_faults_of_streams_leave_other_requests_alone(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["trickle,seconds=5"])
    assert client.post().json()["choices"][0]["message"]["content"] == ANSWER
    assert demo.log()["last"][-1]["fault"] is None


def test_the_log_says_what_was_struck_and_what_was_completed(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["reset,attempts=1"])
    client.wire()
    client.post()
    log = demo.log()
    assert log["prompts"] == {"sum": {"requests": 2, "completed": 1}}
    assert [(entry["fault"], entry["status"]) for entry in log["last"]] == [("reset", None), (None, 200)]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mid_rest", r"no fault 'mid_rest'\. Did you mean 'mid_reset'\?"),
        ("status,code=418", "not one of 400, 401"),
        ("status,cod=503", r"no such parameter\. Did you mean 'code'\?"),
        ("status,p=2", "out of range"),
        ("hang,seconds=nan", "out of range"),
        ("hang,seconds", "it has no `=`"),
        ("reset,attempts=some", "cannot take 'attempts=some'"),
        ("status,retry_after=soon", "cannot take 'retry_after=soon'"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(demo: DemoEndpoint, spec: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        demo.set_faults([spec])
