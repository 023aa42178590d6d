"""List the options of an endpoint: sampling, transport, and where it is."""

from __future__ import annotations

from typing import Any, TypedDict

from qwq_nb.core.options import Option
from qwq_nb.endpoint.endpoint import Think

__all__ = ["ENDPOINT", "SAMPLING", "TRANSPORT", "EndpointOptions", "SamplingOptions", "TransportOptions"]


SAMPLING = (
    Option("--temperature", "number", "sampling temperature (QwQ's authors recommend 0.6)", "T", may_be_off=True),
    Option("--top-p", "number", "nucleus sampling (recommended 0.95)", "P", may_be_off=True),
    Option("--top-k", "integer", "candidates kept (recommended 20 to 40); `off` leaves it out", "K", may_be_off=True),
    Option(
        "--min-p",
        "number",
        "smallest share of the best candidate's probability; `off` leaves it out",
        "P",
        may_be_off=True,
    ),
    Option(
        "--max-tokens", "integer", "token limit of one completion, reasoning included (32768)", "N", may_be_off=True
    ),
    Option("--presence-penalty", "number", "0 to 2, against endless repetition", "X", may_be_off=True),
    Option("--frequency-penalty", "number", "as OpenAI defines it", "X", may_be_off=True),
    Option("--repetition-penalty", "number", "as vLLM and SGLang define it", "X", may_be_off=True),
    Option("--request-seed", "integer", "sent as `seed`, plus the repeat's number", "N", may_be_off=True),
    Option("--extra", "json", "more of the request body, as a JSON object, sent unchanged", "JSON", may_be_off=True),
)


TRANSPORT = (
    Option("--no-stream", "flag", "ask for whole answers instead of streams"),
    Option("--max-retries", "integer", "attempts after the first for what may pass (6)", "N"),
    Option("--backoff", "number", "seconds before the first retry; it doubles with each (1)", "S"),
    Option(
        "--patience",
        "number",
        "seconds a run waits for an endpoint that died, or for a new key, in the middle of it (3600); `off` for ever",
        "S",
        may_be_off=True,
    ),
    Option("--read-timeout", "number", "longest silence within a stream, in seconds (300)", "S"),
    Option("--connect-timeout", "number", "seconds to wait for a connection (15)", "S"),
    Option("--deadline", "number", "longest time for one completion, retries included, in seconds (none)", "S"),
    Option(
        "--think",
        "choice",
        "whether the chat template opens <think> itself: prefilled, plain, or auto (by name and stream)",
        choices=("auto", "prefilled", "plain"),
    ),
)


ENDPOINT = (
    Option("--model", "text", "the model's name as the server knows it", "M"),
    Option("--name", "text", "what to call this endpoint", "N"),
    Option("--key-env", "text", "the NAME of the environment variable that holds the key, never the key", "VAR"),
    Option("--dialect", "text", "the format that the endpoint speaks (chat_completions)", "NAME"),
    Option("--price-in", "number", "price of a million prompt tokens, for what a run costs", "X"),
    Option("--price-out", "number", "price of a million completion tokens, reasoning included", "X"),
    Option("--ca-bundle", "text", "certificates to trust, a PEM file", "FILE"),
    Option("--insecure", "flag", "do not verify the server's certificate (said aloud in the output)"),
    *SAMPLING,
    *TRANSPORT,
)


class SamplingOptions(TypedDict, total=False):
    """Sampling options as keyword arguments; None leaves an option out of the request."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    max_tokens: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    repetition_penalty: float | None
    request_seed: int | None
    extra: dict[str, Any]


class TransportOptions(TypedDict, total=False):
    """Transport options as keyword arguments; times are in seconds."""

    stream: bool
    no_stream: bool
    max_retries: int
    backoff: float
    patience: float | None
    read_timeout: float
    connect_timeout: float
    deadline: float | None
    think: Think


class EndpointOptions(SamplingOptions, TransportOptions, total=False):
    """What a call may change of its endpoint."""

    model: str
    name: str
    key_env: str
    price_in: float | None
    price_out: float | None
    ca_bundle: str
    insecure: bool
