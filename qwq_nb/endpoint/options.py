"""List the options of an endpoint: sampling, transport, and where it is."""

from __future__ import annotations

from typing import get_args

from qwq_nb.core.options import Option
from qwq_nb.endpoint.endpoint import RECOMMENDED_SAMPLING, Endpoint
from qwq_nb.endpoint.typed_options import Think

__all__ = ["ENDPOINT", "SAMPLING", "TRANSPORT"]


SAMPLING = (
    Option(
        "--temperature",
        "number",
        f"sampling temperature (QwQ's authors recommend {RECOMMENDED_SAMPLING['temperature']})",
        "T",
        may_be_off=True,
    ),
    Option(
        "--top-p", "number", f"nucleus sampling (recommended {RECOMMENDED_SAMPLING['top_p']})", "P", may_be_off=True
    ),
    Option("--top-k", "integer", "candidates kept (recommended 20 to 40); `off` leaves it out", "K", may_be_off=True),
    Option(
        "--min-p",
        "number",
        "smallest share of the best candidate's probability; `off` leaves it out",
        "P",
        may_be_off=True,
    ),
    Option(
        "--max-tokens",
        "integer",
        f"token limit of one completion, reasoning included ({RECOMMENDED_SAMPLING['max_tokens']})",
        "N",
        may_be_off=True,
    ),
    Option("--presence-penalty", "number", "0 to 2, against endless repetition", "X", may_be_off=True),
    Option("--frequency-penalty", "number", "as OpenAI defines it", "X", may_be_off=True),
    Option("--repetition-penalty", "number", "as vLLM and SGLang define it", "X", may_be_off=True),
    Option("--request-seed", "integer", "sent as `seed`, plus the repeat's number", "N", may_be_off=True),
    Option(
        "--logprobs",
        "integer",
        "ask for log probabilities, with so many alternatives a token (0 to 20), for `run.confidence()`",
        "K",
        may_be_off=True,
    ),
    Option(
        "--stream-options",
        "json",
        'sent with streams ({"include_usage": true}); `off` leaves it out, as is done once a server refuses it',
        "JSON",
        may_be_off=True,
    ),
    Option("--extra", "json", "more of the request body, as a JSON object, sent unchanged", "JSON"),
)


TRANSPORT = (
    Option("--no-stream", "flag", "ask for whole answers instead of streams"),
    Option("--max-retries", "integer", f"attempts after the first for what may pass ({Endpoint.max_retries})", "N"),
    Option("--backoff", "number", f"seconds before the first retry; it doubles with each ({Endpoint.backoff:g})", "S"),
    Option(
        "--patience",
        "number",
        "seconds a run waits for an endpoint that died, or for a new key, in the middle of it "
        f"({Endpoint.patience:g}); `off` for ever",
        "S",
        may_be_off=True,
    ),
    Option("--read-timeout", "number", f"longest silence within a stream, in seconds ({Endpoint.read_timeout:g})", "S"),
    Option("--connect-timeout", "number", f"seconds to wait for a connection ({Endpoint.connect_timeout:g})", "S"),
    Option("--deadline", "number", "longest time for one completion, retries included, in seconds (none)", "S"),
    Option(
        "--think",
        "choice",
        "whether the chat template opens <think> itself: prefilled, plain, or auto (by name and stream)",
        choices=get_args(Think),
    ),
)


ENDPOINT = (
    Option("--model", "text", "the model's name as the server knows it", "M"),
    Option("--name", "text", "what to call this endpoint", "N"),
    Option("--key-env", "text", "the NAME of the environment variable that holds the key, never the key", "VAR"),
    Option(
        "--header-env",
        "list",
        "a further header, and the NAME of the variable that holds its value: api-key=AZURE_KEY; may be repeated",
        "HEADER=VAR",
    ),
    Option("--dialect", "text", "the format that the endpoint speaks (chat_completions)", "NAME"),
    Option("--price-in", "number", "price of a million prompt tokens, for what a run costs", "X"),
    Option("--price-out", "number", "price of a million completion tokens, reasoning included", "X"),
    Option("--price-currency", "text", "what the prices are in, as it is shown beside a cost: USD, CNY", "CUR"),
    Option("--ca-bundle", "text", "certificates to trust, a PEM file", "FILE"),
    Option("--insecure", "flag", "do not verify the server's certificate (said aloud in the output)"),
    *SAMPLING,
    *TRANSPORT,
)
