"""Ask an endpoint for the models that it serves: `GET /models`, read within the bounds of `limits`."""

from __future__ import annotations

import json
from typing import Any

import httpx
import msgspec

from qwq_nb.endpoint.bodies import first_bytes, reader_of, whole_body
from qwq_nb.endpoint.context_window import window_of
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.limits import LONGEST_NAME, MODELS_BYTES, MODELS_SECONDS, BodyError
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.server_errors import is_about_key
from qwq_nb.endpoint.time_limit import TimeLimit
from qwq_nb.endpoint.transport import TRANSPORT_ERRORS, describe, response_to, unexpected
from qwq_nb.errors import QwqError

__all__ = ["ServedModels", "served_models"]


class ServedModels(msgspec.Struct):
    """Hold the response to `GET /models`: the models' ids, or the reason why there are none."""

    ids: list[str] = []
    problem: str = ""
    windows: dict[str, int] = {}
    """Context windows in tokens, by the model's id; models whose window the server does not tell are absent."""
    is_key_refused: bool = False
    """The reason is that the key was refused, or that there was none."""


async def served_models(client: httpx.AsyncClient, endpoint: Endpoint, mask: Mask) -> ServedModels:
    """Return the models that `endpoint` serves. A failure is no error: it is told in `problem`.

    Ids are clipped to 300 characters, and hold no key.

    Raises:
        UserError: the key's environment variable is not set.
    """
    try:
        status, body = await response_body(client, endpoint)
    except TRANSPORT_ERRORS as exc:
        return ServedModels(problem=mask.hide(describe(exc)))
    except BodyError as exc:
        return ServedModels(problem=str(exc))
    except QwqError:
        raise
    except Exception as exc:
        return ServedModels(problem=str(unexpected(exc, "no list of models", mask.hide)))
    if status != 200:
        return ServedModels(problem=f"HTTP {status}", is_key_refused=is_about_key(status, body))
    try:
        rows: list[Any] = json.loads(body).get("data") or []
        models = {
            str(row["id"]): row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), (str, int))
        }
    except (ValueError, AttributeError, TypeError, RecursionError):
        return ServedModels(problem="an answer that is not a list of models")
    names = {name: mask.hide(name[: 2 * LONGEST_NAME])[:LONGEST_NAME] for name in models}
    windows = {names[name]: window_of(row) for name, row in models.items()}
    return ServedModels(ids=list(names.values()), windows={name: window for name, window in windows.items() if window})


async def response_body(client: httpx.AsyncClient, endpoint: Endpoint) -> tuple[int, bytes]:
    """Return the status of `GET /models` and the body; of an error the beginning."""
    seconds = min(MODELS_SECONDS, endpoint.read_timeout)
    timeout = httpx.Timeout(seconds, connect=endpoint.connect_timeout)
    request = client.build_request("GET", endpoint.address("models"), timeout=timeout)
    within = endpoint.connect_timeout + seconds
    async with (
        TimeLimit(within, f"the list of models was not complete after {within:g} s"),
        response_to(client, request, endpoint, within) as response,
    ):
        if response.status_code != 200:
            return response.status_code, await first_bytes(response, seconds)
        return 200, await whole_body(reader_of(response), MODELS_BYTES)
