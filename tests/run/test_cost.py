"""What a run costs: by hand, while it goes on, and in the run's own output."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from qwq_nb.core.records import Completion, Step
from qwq_nb.core.run_record import RunRecord
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.run.cost import Prices, cost_of, known_prices, prices_of, resolve_prices
from qwq_nb.run.html import run_html
from qwq_nb.run.text import run_progress_line, run_text
from qwq_nb.store.request import Editing, EvalRequest
from tests.support.demo_server import own_endpoint
from tests.support.made_runs import made_run, result, results_of
from tests.support.math_problems import MATH


def test_by_hand() -> None:
    """50 prompt tokens at 2 and 100 + number + 10 completion tokens at 10 for a million."""
    rows = {row.subset: row for row in cost_of(results_of(["c", "w", "c", "p"]), Prices(2, 10))}
    each = [(50 * 2 + (110 + n) * 10) / 1e6 for n in range(3)]
    level_1, level_2, whole = rows["Level 1"], rows["Level 2"], rows["all"]
    assert level_1.cost == pytest.approx(each[0] + each[2])
    assert level_2.expected_cost == pytest.approx(2 * each[1]), "the pending one at the mean of its level"
    assert whole.expected_cost == pytest.approx(sum(each) + each[1])
    assert whole.cost_per_correct == pytest.approx(sum(each) / 2)
    assert (whole.answered, whole.correct) == (3, 2)


def test_before_the_first_answer_nothing_is_expected() -> None:
    row = cost_of(results_of(["p", "p"]), Prices(1, 1))[-1]
    assert (row.cost, row.expected_cost, row.cost_per_answer, row.cost_per_correct) == (0, None, None, None)


def test_a_level_without_answers_takes_the_benchmarks_mean() -> None:
    rows = {row.subset: row for row in cost_of(results_of(["c", "p"]), Prices(1, 1))}
    assert rows["Level 2"].expected_cost == pytest.approx(rows["Level 1"].cost)


def test_errors_cost_nothing_that_is_known() -> None:
    row = cost_of([result(0), result(2, "e")], Prices(1, 1))[-1]
    assert (row.answered, row.failed_attempts) == (1, 1)
    assert row.expected_cost == row.cost, "an error is not asked again by itself"


def test_several_benchmarks_have_a_sum() -> None:
    rows = cost_of([result(0), result(0, benchmark="aime24", subset="default", id="aime24/0")], Prices(1, 1))
    assert [(row.benchmark, row.subset) for row in rows][-1] == ("all", "all")
    assert rows[-1].cost == pytest.approx(2 * rows[0].cost)


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf"), True])
def test_a_price_is_a_number(price: float) -> None:
    with pytest.raises(OptionError, match="price-in is the price of a million tokens"):
        Prices(price, 1)


def test_a_price_left_out_is_not_free() -> None:
    endpoint = Endpoint("http://127.0.0.1:9/v1", "m")
    with pytest.raises(OptionError, match="price-out is not known"):
        resolve_prices(endpoint, 1.0)
    assert resolve_prices(Endpoint("http://127.0.0.1:9/v1", "m", price_in=1, price_out=2)) == Prices(1, 2)


def priced(outcomes: list[str], state: str = "complete", **prices: Any) -> RunRecord:
    endpoint = Endpoint("http://127.0.0.1:8801/v1", "m", **{"price_in": 2, "price_out": 10, **prices})
    return made_run(results_of(outcomes), endpoint=endpoint, state=state).record()


def test_the_output_says_what_it_costs() -> None:
    over, going_on = priced(["c", "w"]), priced(["c", "w", "p"], "running")
    for shown in (run_html(over), run_text(over, times=False)):
        assert "ost 0.00241" in shown
        assert "0.00241 for a correct answer" in shown
        assert "at the end" not in shown
    assert "cost 0.00241 so far (in the currency of its prices) · about 0.00361 at the end" in run_html(
        going_on, live=True
    )
    assert "cost 0.00241" in run_progress_line(going_on, 200)


def test_a_currency_stands_beside_each_amount() -> None:
    going_on = priced(["c", "w", "p"], "running", price_currency="USD")
    said = "cost 0.00241 USD so far \u00b7 about 0.00361 USD at the end \u00b7 0.00241 USD for a correct answer"
    assert said in run_html(going_on, live=True)
    assert "cost 0.00241 USD" in run_progress_line(priced(["c", "w"], price_currency="USD"), 200)
    assert "0.00241 \u20ac" in run_html(priced(["c", "w"], price_currency="\u20ac"))


@pytest.mark.parametrize("currency", ["US dollars", "<b>", "$ 5", "123", "DOLLARSUS", 7, "\n"])
def test_what_is_no_currency_is_refused(currency: Any) -> None:
    with pytest.raises(OptionError, match="price-currency is the name of a currency"):
        Endpoint("http://127.0.0.1:8801/v1", "m", price_in=2, price_out=10, price_currency=currency)


def test_what_is_free_costs_nothing_on_screen() -> None:
    record = priced(["c", "w"], price_in=0, price_out=0, price_currency="USD")
    assert record.cost is None
    for shown in (run_html(record), run_text(record, times=True), run_progress_line(record, 200)):
        assert "cost" not in shown.lower()
    assert "cost 0.00" in run_progress_line(priced(["c", "w"], price_in=0), 200)


def test_without_prices_nothing_is_said_of_cost() -> None:
    record = made_run(results_of(["c", "w"])).record()
    assert record.cost is None
    for shown in (run_html(record), run_text(record, times=True)):
        assert "cost" not in shown.lower()


def test_a_real_run_keeps_its_prices(server: DemoEndpoint) -> None:
    from qwq_nb.evaluation.evaluate import evaluate
    from qwq_nb.run.open import load_run

    endpoint = own_endpoint(server, price_in=0.15, price_out=0.6)
    run = evaluate("math_500", endpoint=endpoint, data=MATH, levels=[1], show=False)
    cost = run.record().cost
    assert cost is not None
    assert cost.so_far == pytest.approx(run.cost().iloc[-1].cost)
    assert cost.expected == pytest.approx(cost.so_far)
    assert load_run(run.path).record().cost == cost


def test_reasoning_counted_beside_the_completion_is_paid_once(server: DemoEndpoint) -> None:
    """xAI's way of counting costs what OpenAI's costs."""
    from qwq_nb.evaluation.evaluate import evaluate

    costs: list[tuple[float, bool, str]] = []
    for fault in ([], ["usage_beside"], ["no_usage"]):
        server.reset()
        server.set_faults(fault)
        endpoint = own_endpoint(server, price_in=0.0, price_out=0.6, price_currency="USD")
        run = evaluate("math_500", endpoint=endpoint, data=MATH, levels=[1], show=False, out=f"runs-{len(costs)}")
        cost = run.record().cost
        assert cost is not None
        assert any("token count" in note for note in run.record().notes) == (fault == ["no_usage"])
        costs.append((cost.so_far, cost.uncounted > 0, cost.currency))
    within, beside, uncounted = costs
    assert within == beside == (within[0], False, "USD")
    assert uncounted[0] == pytest.approx(within[0])
    assert uncounted[1:] == (True, "USD"), "pieces of the stream, and it is said"


def test_endpoints_of_different_prices_are_said_to_be_so() -> None:
    from qwq_nb.evaluation.endpoint_status import endpoint_notes
    from qwq_nb.evaluation.request import build_request

    def asked(out: float) -> list[str]:
        url = "http://127.0.0.1:9/v1"
        pair = [Endpoint(url, "m", name=n, price_in=1, price_out=p) for n, p in (("a", 2.0), ("b", out))]
        return endpoint_notes(build_request(["math_500"], endpoint=pair))

    assert any("cost goes by those of a" in note for note in asked(3))
    assert not any("cost" in note for note in asked(2))


# -- a pair --------------------------------------------------------------------------------------------------------


def pair_of(**prices: Any) -> EvalRequest:
    architect = Endpoint("http://127.0.0.1:8801/v1", "m", name="architect", price_in=1, price_out=2)
    editor = Endpoint("http://127.0.0.1:8802/v1", "e", name="editor", **prices)
    return EvalRequest(benchmarks=["code_editing"], endpoints=[architect], editing=Editing(editor=editor))


def test_an_editors_tokens_cost_what_the_editor_costs() -> None:
    """1,000 + 100 tokens of the architect at 1 and 2, 3,000 + 400 of the editor at 10 and 20 for a million."""
    plan = Completion(prompt_tokens=1000, reasoning_tokens=60, answer_tokens=40, tokens_from="usage")
    edit = Completion(prompt_tokens=3000, answer_tokens=400, tokens_from="usage")
    steps = [Step(role="architect", completion=plan), Step(role="editor", completion=edit)]
    whole = Completion(prompt_tokens=4000, reasoning_tokens=60, answer_tokens=440, tokens_from="usage", steps=steps)
    made = msgspec.structs.replace(result(0), completion=whole)
    prices = prices_of(pair_of(price_in=10, price_out=20))
    by_hand = (1000 * 1 + 100 * 2 + 3000 * 10 + 400 * 20) / 1e6
    for row in cost_of([made], prices):
        assert row.cost == pytest.approx(by_hand)
        assert (row.prompt_tokens, row.completion_tokens) == (4000, 500)
    assert prices.of_completion(whole) == pytest.approx(by_hand)
    assert cost_of([made, result(2, "p")], prices)[-1].expected_cost == pytest.approx(2 * by_hand)
    assert Prices(1, 2).of_completion(whole) == pytest.approx((4000 * 1 + 500 * 2) / 1e6), "one price for all"


def test_an_editor_without_prices_is_not_free() -> None:
    with pytest.raises(OptionError, match="prices of the editor 'editor' are not known"):
        prices_of(pair_of())
    assert known_prices(pair_of()) is None


def test_prices_in_two_currencies_are_not_added_up() -> None:
    with pytest.raises(OptionError, match="in no unit, those of the editor 'editor' in EUR"):
        prices_of(pair_of(price_in=1, price_out=2, price_currency="EUR"))


def test_a_pair_that_is_free_has_no_cost_to_show() -> None:
    free = pair_of(price_in=0, price_out=0)
    assert known_prices(free) is not None
    own = Endpoint("http://127.0.0.1:8801/v1", "m", price_in=0, price_out=0)
    assert known_prices(msgspec.structs.replace(free, endpoints=[own])) is None
