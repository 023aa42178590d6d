"""What a refusal of `max_tokens` advises: as servers word it."""

from __future__ import annotations

import json

import pytest

from qwq_nb.endpoint.server_errors import error_of_status
from qwq_nb.endpoint.token_limits import refused_limit
from qwq_nb.errors import RequestRejected

WINDOW = ", so that the prompt fits beside it."


@pytest.mark.parametrize(
    ("said", "advice", "concerns_all"),
    [
        ("max_tokens=32768 cannot be greater than max_model_len=512.", f" Give --max-tokens 512 or less{WINDOW}", True),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 32768. This model's maximum context length is 512 "
            "tokens and your request has 30 input tokens (32768 > 512 - 30).",
            f" Give --max-tokens 512 or less{WINDOW}",
            True,
        ),
        (
            "This model's maximum context length is 4096 tokens. However, you requested 4100 tokens (1100 in the "
            "messages, 3000 in the completion). Please reduce the length of the messages or completion.",
            f" Give --max-tokens 4096 or less{WINDOW}",
            False,
        ),
        (
            "max_tokens is too large: 50000. This model supports at most 16384 completion tokens, whereas you provided "
            "50000.",
            " Give --max-tokens 16384 or less.",
            True,
        ),
        ("Invalid max_tokens, the valid range of max_tokens is [1, 8192]", " Give --max-tokens 8192 or less.", True),
        ("Range of max_tokens should be [1, 8192]", " Give --max-tokens 8192 or less.", True),
        (
            "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the "
            "`context_window` for this model",
            " Give --max-tokens 8192 or less.",
            True,
        ),
        (
            "max_tokens: 200000 > 64000, which is the maximum allowed number of output tokens",
            " Give --max-tokens 64000 or less.",
            True,
        ),
        ("max_tokens is too large", " Give a smaller --max-tokens.", False),
        ("This model's maximum context length is 512 tokens. Your prompt has 513 input tokens.", "", False),
        ("the request exceeds the available context size (256 tokens)", "", False),
    ],
)
def test_the_advice(said: str, advice: str, concerns_all: bool) -> None:
    assert refused_limit(said) == (advice, concerns_all)
    error = error_of_status(400, json.dumps({"error": {"message": said}}).encode())
    assert isinstance(error, RequestRejected)
    assert advice in str(error)
    if concerns_all:
        assert error.concerns == "options", "the run ends at once"


def test_a_message_of_digits_is_read_in_no_time() -> None:
    assert refused_limit("max_tokens " + "1" * 2000).advice == " Give a smaller --max-tokens."
