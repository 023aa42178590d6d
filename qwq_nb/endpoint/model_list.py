"""Ask an endpoint for the models that it serves: `GET /models`, read within the bounds of `limits`."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from qwq_nb.endpoint.bodies import first_bytes, reader_of, whole_body
from qwq_nb.endpoint.context_window import window_of
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.limits import LONGEST_NAME, MODELS_BYTES, MODELS_SECONDS, BodyError
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.server_errors import UnknownModel, is_about_key
from qwq_nb.endpoint.time_limit import TimeLimit
from qwq_nb.endpoint.transport import TRANSPORT_ERRORS, describe, response_to, unexpected
from qwq_nb.errors import EndpointRefused, QwqError, did_you_mean, listed

__all__ = ["ServedModels", "refusal_of_model", "served_models"]

KEYED_PATHS = {"llama.cpp": "props", "openrouter.ai": "key"}
"""Servers, by their own name in `Server` or by their host, that list their models to anybody; and a path of theirs that
wants the key: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md,
https://openrouter.ai/docs/api-reference/limits."""


class ServedModels(msgspec.Struct):
    """Hold the response to `GET /models`: the models' ids, or the reason why there are none."""

    ids: list[str] = []
    problem: str = ""
    windows: dict[str, int] = {}
    """Context windows in tokens, by the model's id; models whose window the server does not tell are absent."""
    is_key_refused: bool = False
    """The reason is that the key was refused, or that there was none."""
    asked: str = "models"
    """The path whose answer tells the reason."""
    has_answered: bool = True
    """Whether there was a response, whatever it said."""


async def served_models(client: httpx.AsyncClient, endpoint: Endpoint, mask: Mask) -> ServedModels:
    """Return the models that `endpoint` serves. A failure is no error: it is told in `problem`.

    Ids are clipped to 300 characters, and hold no key.

    Raises:
        UserError: the key's environment variable is not set.
    """
    try:
        status, body, server = await response_body(client, endpoint)
    except TRANSPORT_ERRORS as exc:
        return ServedModels(problem=mask.hide(describe(exc, endpoint.url)), has_answered=False)
    except BodyError as exc:
        return ServedModels(problem=str(exc))
    except QwqError:
        raise
    except Exception as exc:
        return ServedModels(problem=str(unexpected(exc, "no list of models", mask.hide)))
    if status != 200:
        return ServedModels(problem=f"HTTP {status}", is_key_refused=is_about_key(status, body))
    try:
        models = models_in(json.loads(body))
    except (ValueError, RecursionError):
        models = None
    if models is None:
        # Among these: LM Studio's {"error": "Unexpected endpoint or method"}, with status 200.
        return ServedModels(problem="an answer that is not a list of models")
    names = {name: mask.hide(name[: 2 * LONGEST_NAME])[:LONGEST_NAME] for name in models}
    windows = {names[name]: window_of(row) for name, row in models.items()}
    windows = {name: window for name, window in windows.items() if window}
    path = KEYED_PATHS.get(server) or KEYED_PATHS.get(urlsplit(endpoint.url).hostname or "")
    refused = await refused_status(client, endpoint, path) if path else 0
    if path and refused:
        return ServedModels([*names.values()], f"HTTP {refused}", windows, is_key_refused=True, asked=path)
    return ServedModels(ids=list(names.values()), windows=windows)


async def refused_status(client: httpx.AsyncClient, endpoint: Endpoint, path: str) -> int:
    """Return the status by which the endpoint refuses the key for `path`; 0 if it does not, or cannot be asked."""
    try:
        status, body, _ = await response_body(client, endpoint, path)
    except Exception:  # what it lists is known: nothing else is to be said
        return 0
    return status if status in (401, 403) and is_about_key(status, body) else 0


def models_in(said: Any) -> dict[str, dict[str, Any]] | None:
    """Return the models of a list by their ids; None for what is no list of models.

    The list is the value of `data` (OpenAI) or `models` (Ollama's and others'), or stands for itself. It holds objects
    with an `id`, a `name` or a `model`, or the ids themselves.
    """
    if isinstance(said, dict):
        lists = [said[name] for name in ("data", "models") if isinstance(said.get(name), list)]
        is_null = not said.get("error") and "data" in said and said["data"] is None
        said = next((rows for rows in lists if rows), lists[0] if lists else [] if is_null else None)
    if not isinstance(said, list):
        return None
    found: dict[str, dict[str, Any]] = {}
    for row in said:
        fields = row if isinstance(row, dict) else {"id": row}
        ids = (fields.get(name) for name in ("id", "name", "model"))
        name = next((i for i in ids if isinstance(i, (str, int)) and not isinstance(i, bool) and i != ""), None)
        if name is not None:
            found[str(name)] = fields
    return found


def refusal_of_model(error: UnknownModel, model: str, served: ServedModels) -> EndpointRefused:
    """Return the refusal of a model with those that the endpoint serves, and the nearest one to the model asked for."""
    if served.ids:
        near = did_you_mean(model, served.ids)
        nearest = near if near.startswith(" Did you mean") else ""
        hint = f" It serves: {listed(served.ids)}. You asked for {model!r}.{nearest}"
    else:
        hint = f" Check the URL (most servers want it to end in /v1) and the model's name {model!r}."
    return EndpointRefused(f"{error}{hint}", status=error.status)


async def response_body(client: httpx.AsyncClient, endpoint: Endpoint, path: str = "models") -> tuple[int, bytes, str]:
    """Return the status of a GET and the body, of an error the beginning; and the server's name for itself."""
    seconds = min(MODELS_SECONDS, endpoint.read_timeout)
    timeout = httpx.Timeout(seconds, connect=endpoint.connect_timeout)
    request = client.build_request("GET", endpoint.address(path), timeout=timeout)
    within = endpoint.connect_timeout + seconds
    async with (
        TimeLimit(within, f"the answer to GET /{path} was not complete after {within:g} s"),
        response_to(client, request, endpoint, within) as response,
    ):
        server = response.headers.get("server", "")
        if response.status_code != 200:
            return response.status_code, await first_bytes(response, seconds), server
        return 200, await whole_body(reader_of(response), MODELS_BYTES), server
