"""Ask a server to divide a text into tokens and to join tokens: `/tokenize`, `/detokenize` of vLLM and llama.cpp.

Both stand beside `/v1`, not below it. vLLM takes `model` and `prompt` and answers `tokens` (and `prompt`), llama.cpp
takes and answers `content`; each passes over the other's fields. Nothing is generated.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from qwq_nb.endpoint.bodies import reader_of, whole_body
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.limits import BODY_BYTES, BodyError
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.time_limit import TimeLimit
from qwq_nb.endpoint.transport import TRANSPORT_ERRORS, http_client, response_to

__all__ = ["ServerTokens"]

SECONDS: Final = 30.0


class ServerTokens:
    """Ask one endpoint for tokens, any number of requests at once, on one event loop."""

    def __init__(self, endpoint: Endpoint, *, connections: int) -> None:
        self._endpoint = endpoint
        self._http = http_client(endpoint, connections, Mask(), lambda: None)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def ids(self, text: str) -> list[int] | None:
        """Return the ids of a text's tokens, special ones not added; None where the server does not tell."""
        asked = {"prompt": text, "content": text, "add_special_tokens": False, "add_special": False}
        said = await _posted(self._http, self._endpoint, "tokenize", asked)
        tokens = said.get("tokens") if said is not None else None
        if not isinstance(tokens, list) or not all(type(token) is int for token in tokens):
            return None
        return tokens

    async def text(self, ids: Sequence[int]) -> str | None:
        """Return the text of tokens; None where the server does not tell."""
        said = await _posted(self._http, self._endpoint, "detokenize", {"tokens": list(ids)})
        found = [said[name] for name in ("prompt", "content") if isinstance(said.get(name), str)] if said else []
        return found[0] if found else None


async def _posted(
    client: httpx.AsyncClient, endpoint: Endpoint, path: str, body: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the JSON object of a response; None for anything else."""
    parts = urlsplit(endpoint.url)
    base = parts.path.rstrip("/").removesuffix("/v1")
    url = urlunsplit((parts.scheme, parts.netloc, f"{base}/{path}", parts.query, ""))
    try:
        request = client.build_request("POST", url, json={"model": endpoint.model, **body}, timeout=SECONDS)
        async with (
            TimeLimit(SECONDS, f"{path} was not complete after {SECONDS:g} s"),
            response_to(client, request, endpoint, SECONDS) as response,
        ):
            if response.status_code != 200:
                return None
            said = json.loads(await whole_body(reader_of(response), BODY_BYTES))
    except (*TRANSPORT_ERRORS, BodyError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
