"""Say what a judging costs, before it is asked and after: requests, tokens, money. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.store.judgements import JudgeReply
from qwq_nb.view.wording import count, money, number

__all__ = ["Expected", "Spent", "expected_sentence", "spent_of", "spent_sentence"]


class Expected(msgspec.Struct, kw_only=True):
    """Hold what is known before the first request."""

    what: str
    """What is judged, in words: the benchmarks, or both runs."""
    noun: str = "answer"
    """One unit of it: `answer` or `pair`."""
    units: int
    done: int = 0
    """Of these: judged already."""
    requests: int = 0
    """That are asked for certain. Replies may give cause for more."""
    prompt: int = 0
    """Their estimated tokens."""
    more: str = ""
    """What may come on top, in words."""


class Spent(msgspec.Struct, kw_only=True):
    """Hold what was answered."""

    requests: int = 0
    prompt: int = 0
    completion: int = 0


def spent_of(replies: Iterable[JudgeReply]) -> Spent:
    """Add up replies."""
    found = list(replies)
    return Spent(
        requests=len(found),
        prompt=sum(reply.prompt for reply in found),
        completion=sum(reply.completion for reply in found),
    )


def expected_sentence(expected: Expected, endpoint: Endpoint, before: Spent) -> str:
    """Say what is to be asked, and what it costs at least; what replies cost is known of earlier ones only."""
    said = f"{expected.what}: {count(expected.units, expected.noun)} to judge"
    if expected.done:
        said += f", {expected.done:,} of them judged already"
    if not expected.requests:
        return f"{said}: no request is needed."
    said += f": {count(expected.requests, 'request')}, prompts about {number(expected.prompt)} tokens"
    mean = before.completion / before.requests if before.requests else 0.0
    if mean:
        said += f", replies about {number(mean * expected.requests)} as they were so far"
    if endpoint.prices is not None:
        prompts = expected.prompt * endpoint.prices[0] / 1e6
        replies = mean * expected.requests * endpoint.prices[1] / 1e6
        cost = money(prompts + replies, endpoint.price_currency)
        rest = "" if mean else f" and the replies, {number(endpoint.prices[1], 2)} a million tokens"
        said += f": about {cost}{rest}"
    limit = endpoint.token_limit
    capped = f" A reply has at most {limit:,} tokens." if limit and not mean else ""
    return f"{said}.{capped}{f' {expected.more}' if expected.more else ''}"


def spent_sentence(spent: Spent, endpoint: Endpoint, whole: Spent) -> str:
    """Say what this call has asked, and what the judging cost in all."""
    if not whole.requests:
        return "Nothing was asked."
    now = f"Asked: {count(spent.requests, 'request')}, {_tokens(spent)}{_money(spent, endpoint)}."
    if spent.requests == whole.requests:
        return now
    now = now if spent.requests else "Nothing was asked now."
    return f"{now} With earlier calls: {count(whole.requests, 'request')}, {_tokens(whole)}{_money(whole, endpoint)}."


def _tokens(spent: Spent) -> str:
    return f"{number(spent.prompt)} prompt and {number(spent.completion)} reply tokens"


def _money(spent: Spent, endpoint: Endpoint) -> str:
    if endpoint.prices is None or not spent.requests:
        return ""
    cost = (spent.prompt * endpoint.prices[0] + spent.completion * endpoint.prices[1]) / 1e6
    return f", {money(cost, endpoint.price_currency)}"
