"""The options of the Python API, as editors complete them, are those of the magics' tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from qwq_nb.analysis.speed.options import SPEED, SpeedOptions
from qwq_nb.core.options import Option
from qwq_nb.endpoint.options import ENDPOINT, SAMPLING, TRANSPORT
from qwq_nb.endpoint.typed_options import EndpointOptions, SamplingOptions, TransportOptions
from qwq_nb.evaluation.options import EVAL, EvalOptions

HOW = {"endpoint", "out", "fresh", "background", "reveal"}
"""Named parameters of `evaluate`, which say how it is carried out."""
OF_AN_ENDPOINT = {
    "model",
    "name",
    "key_env",
    "price_in",
    "price_out",
    "price_currency",
    "ca_bundle",
    "insecure",
    "dialect",
}


def keys(typed: Any) -> set[str]:
    return set(typed.__annotations__)


def dests(table: Sequence[Option]) -> set[str]:
    return {option.dest for option in table}


@pytest.mark.parametrize(
    ("typed", "table", "more"),
    [
        (SamplingOptions, SAMPLING, set()),
        (TransportOptions, TRANSPORT, {"stream"}),
        (EndpointOptions, ENDPOINT, {"stream"}),
        (EvalOptions, EVAL, {"stream"} | OF_AN_ENDPOINT),
        (
            SpeedOptions,
            [o for o in SPEED if o in SAMPLING or o in TRANSPORT],
            {"stream", "max_retries", "backoff", "patience"},
        ),
    ],
)
def test_every_option_of_a_table_is_typed(typed: Any, table: Sequence[Option], more: set[str]) -> None:
    assert keys(typed) == (dests(table) - HOW) | more
