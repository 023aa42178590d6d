"""Compute the cost of a run from its tokens and the prices of a million of them, in the unit of the prices.

Counted are the tokens of the answers that count (all outcomes but `error` and `pending`), of the attempt that counted.
Not known, and so not in any number here: what an endpoint charges for attempts that failed or were interrupted (their
number is `failed_attempts`), for cached prompts at another price, and for the answers that a resumed run threw away.
Where the server counted nothing (`uncounted`), completion tokens are our own count and prompt tokens are 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from qwq_nb.core.outcomes import is_answered
from qwq_nb.core.records import Completion, SampleResult
from qwq_nb.core.run_record import RunCost
from qwq_nb.core.turn_counts import editor_tokens
from qwq_nb.errors import OptionError
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.request import EvalRequest

__all__ = [
    "COST_COLUMNS",
    "CostRow",
    "Prices",
    "cost_of",
    "cost_so_far",
    "known_prices",
    "prices_of",
    "resolve_prices",
]

MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """Hold the prices of a million tokens: of the prompt, and of the completion (reasoning and answer have one price).

    Raises:
        OptionError: a price is not a finite number of 0 or more.
    """

    input: float
    output: float
    editor: Prices | None = None
    """Those of an editor's tokens, in the same unit; None: the same prices."""

    def __post_init__(self) -> None:
        for label, value in (("price-in", self.input), ("price-out", self.output)):
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value < math.inf:
                raise OptionError(f"{label} is the price of a million tokens, 0 or more, not {value!r}.")

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return the cost of these tokens, in the unit of the prices."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / MILLION

    def of_completion(self, completion: Completion) -> float:
        """Return the cost of a completion with all of its steps: an editor's at its own prices."""
        prompt, written = editor_tokens(completion) if self.editor else (0, 0)
        own = self.of(completion.prompt_tokens - prompt, completion.completion_tokens - written)
        return own + (self.editor.of(prompt, written) if self.editor else 0.0)


class CostRow(msgspec.Struct, kw_only=True):
    """Hold one row of `run.cost()`: a subset, `all` of a benchmark, or all of several.

    Costs are in the unit of the prices.
    """

    benchmark: str
    subset: str
    n: int
    """Samples × repeats planned."""
    answered: int
    """Those that count: neither error nor pending."""
    correct: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """Cost so far."""
    expected_cost: float | None
    """Cost when all pending samples are answered, each at the mean cost of its subset's answered ones (of the
    benchmark's, where its subset has none yet). It is too low early in a run, since short answers come first. None
    while nothing is answered. Errors are not in it: they are asked again only when the same line is run again.
    """
    cost_per_answer: float | None
    cost_per_correct: float | None
    """cost / correct: the cost of one correct answer, wrong ones included. None without any."""
    failed_attempts: int
    """Requests that failed or were interrupted; what was charged for them is not known."""
    uncounted: int
    """Answers for which the server gave no token counts."""


COST_COLUMNS: tuple[str, ...] = CostRow.__struct_fields__


class _Count:
    """Gather the numbers of one row."""

    def __init__(self) -> None:
        self.n = self.answered = self.correct = self.pending = 0
        self.prompt = self.completion = self.failed = self.uncounted = 0
        self.editor_prompt = self.editor_completion = 0
        """Of the tokens: those of an editor."""
        self.expected: float | None = 0.0

    def add(self, result: SampleResult) -> None:
        self.n += 1
        completion = result.completion
        self.pending += result.outcome == "pending"
        if not is_answered(result.outcome):
            # A journalled error or partial text cost one request at least; what was never asked has no completion.
            self.failed += max(completion.attempts, 1) if completion else result.outcome == "error"
            return
        self.answered += 1
        self.correct += result.outcome == "correct"
        if completion is None:
            return
        self.prompt += completion.prompt_tokens
        self.completion += completion.completion_tokens
        prompt, written = editor_tokens(completion)
        self.editor_prompt += prompt
        self.editor_completion += written
        self.failed += max(completion.attempts - 1, 0)
        self.uncounted += completion.tokens_from in ("chunks", "estimate")

    def merge(self, other: _Count) -> None:
        counts = ("n", "answered", "correct", "pending", "failed", "uncounted")
        for name in (*counts, "prompt", "completion", "editor_prompt", "editor_completion"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def cost(self, prices: Prices) -> float:
        own = prices.of(self.prompt - self.editor_prompt, self.completion - self.editor_completion)
        return own + (prices.editor or prices).of(self.editor_prompt, self.editor_completion)

    def mean(self, prices: Prices) -> float | None:
        return self.cost(prices) / self.answered if self.answered else None

    def expect(self, prices: Prices, fallback: float | None) -> float | None:
        """Return the cost at the end, with `fallback` as the mean cost where nothing is answered."""
        mean = self.mean(prices)
        mean = fallback if mean is None else mean
        if not self.pending:
            return self.cost(prices)
        return None if mean is None else self.cost(prices) + self.pending * mean

    def row(self, benchmark: str, subset: str, prices: Prices) -> CostRow:
        cost = self.cost(prices)
        return CostRow(
            benchmark=benchmark,
            subset=subset,
            n=self.n,
            answered=self.answered,
            correct=self.correct,
            prompt_tokens=self.prompt,
            completion_tokens=self.completion,
            cost=cost,
            expected_cost=self.expected,
            cost_per_answer=cost / self.answered if self.answered else None,
            cost_per_correct=cost / self.correct if self.correct else None,
            failed_attempts=self.failed,
            uncounted=self.uncounted,
        )


def cost_of(results: Iterable[SampleResult], prices: Prices) -> list[CostRow]:
    """Compute rows by benchmark and subset, then `all`; of several benchmarks a last row `all`, `all`."""
    benchmarks: dict[str, dict[str, _Count]] = {}
    for result in results:
        subsets = benchmarks.setdefault(result.sample.benchmark, {})
        subsets.setdefault(result.sample.subset, _Count()).add(result)
    rows = []
    grand = _Count()
    for benchmark, subsets in benchmarks.items():
        total = _Count()
        for count in subsets.values():
            total.merge(count)
        fallback = total.mean(prices)
        for subset, count in subsets.items():
            count.expected = count.expect(prices, fallback)
            rows.append(count.row(benchmark, subset, prices))
        total.expected = _sum(count.expected for count in subsets.values())
        rows.append(total.row(benchmark, "all", prices))
        grand.merge(total)
        grand.expected = _sum((grand.expected, total.expected))
    return [*rows, grand.row("all", "all", prices)] if len(benchmarks) > 1 else rows


def _sum(costs: Iterable[float | None]) -> float | None:
    """Add costs; None where one of them is not known."""
    known = list(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)


def resolve_prices(endpoint: object, price_in: float | None = None, price_out: float | None = None) -> Prices:
    """Return the prices given, with the endpoint's (`endpoint.prices`) for each one left out.

    Raises:
        OptionError: one of them is neither given nor the endpoint's; it is never taken for 0.
    """
    own: tuple[float, float] | None = getattr(endpoint, "prices", None)
    low, high = own or (None, None)
    price_in, price_out = low if price_in is None else price_in, high if price_out is None else price_out
    if price_in is None or price_out is None:
        which = "prices are" if price_in is price_out else "price-out is" if price_out is None else "price-in is"
        raise OptionError(
            f"The {which} not known. Give both prices of a million tokens: run.cost(price_in=0.15, price_out=0.6), "
            f"or with the endpoint: --price-in 0.15 --price-out 0.6."
        )
    return Prices(price_in, price_out)


def prices_of(request: EvalRequest, price_in: float | None = None, price_out: float | None = None) -> Prices:
    """Return the prices of a run: those given for its own endpoint, else that endpoint's; and the editor's of a pair.

    Raises:
        OptionError: a price is not known, or the two endpoints have them in different currencies.
    """
    own, editor = resolve_prices(request.endpoint, price_in, price_out), request.editor
    if editor is None:
        return own
    if editor.prices is None:
        raise OptionError(
            f"The prices of the editor {editor.name!r} are not known. Set them with the endpoint, and run the line "
            f"again: %qwq_endpoint {editor.name} --price-in 0.15 --price-out 0.6"
        )
    if editor.price_currency != request.endpoint.price_currency:
        raise OptionError(
            f"The prices of {request.endpoint.name!r} are in {request.endpoint.price_currency or 'no unit'}, those of "
            f"the editor {editor.name!r} in {editor.price_currency or 'no unit'}: they cannot be added up."
        )
    return replace(own, editor=Prices(*editor.prices))


def known_prices(request: EvalRequest) -> Prices | None:
    """Return the prices of a run's endpoints; None where they are not all known, or all of them are 0."""
    try:
        found = prices_of(request)
    except OptionError:
        return None
    sums = (found.input, found.output, *((found.editor.input, found.editor.output) if found.editor else ()))
    return found if any(sums) else None


def cost_so_far(results: Sequence[SampleResult], manifest: Manifest) -> RunCost | None:
    """Return the cost of all benchmarks together, by the endpoint's prices; None where it has none or is free."""
    prices = known_prices(manifest.request)
    if prices is None or not results:
        return None
    whole = cost_of(results, prices)[-1]
    return RunCost(
        so_far=whole.cost,
        expected=whole.expected_cost,
        per_correct=whole.cost_per_correct,
        uncounted=whole.uncounted,
        currency=manifest.request.endpoint.price_currency,
    )
