"""Type the options of endpoints as keyword arguments, so that editors and type checkers know them.

Their meanings and defaults are documented at `Endpoint`; `endpoint.options` lists them for the magics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

__all__ = ["ConstructorOptions", "EndpointOptions", "ReachOptions", "SamplingOptions", "Think", "TransportOptions"]

Think = Literal["auto", "prefilled", "plain"]


class SamplingOptions(TypedDict, total=False):
    """Define the sampling options; None leaves an option out of the request."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    max_tokens: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    repetition_penalty: float | None
    request_seed: int | None
    logprobs: int | None
    stream_options: dict[str, Any] | None
    extra: dict[str, Any] | None


class _Transport(TypedDict, total=False):
    stream: bool
    max_retries: int
    backoff: float
    patience: float | None
    read_timeout: float
    connect_timeout: float
    deadline: float | None
    think: Think


class TransportOptions(_Transport, total=False):
    """Define the transport options of a call; times are in seconds."""

    no_stream: bool
    """The magics' spelling of `stream=False`."""


class _Identity(TypedDict, total=False):
    name: str
    key_env: str
    header_env: str | Mapping[str, str] | Sequence[str]
    price_in: float | None
    price_out: float | None
    price_currency: str
    ca_bundle: str
    insecure: bool
    dialect: str


class ConstructorOptions(SamplingOptions, _Transport, _Identity, total=False):
    """Define the options of `Endpoint(url, model, …)`."""


class ReachOptions(TransportOptions, _Identity, total=False):
    """Define the options of a call on how its endpoint is reached."""

    model: str


class EndpointOptions(SamplingOptions, ReachOptions, total=False):
    """Define all options of a call on its endpoint."""
