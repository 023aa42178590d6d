"""Ask an endpoint for one token, to learn whether it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from qwq_nb.endpoint.dialects.dialect import Dialect
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.limits import PING_TIMEOUT
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.transport import TRANSPORT_ERRORS, describe, failure, response_to, unexpected
from qwq_nb.errors import EndpointError, QwqError

__all__ = ["ping_failure"]


async def ping_failure(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    dialect: Dialect,
    mask: Mask,
    where: str,
    error_of: Callable[[httpx.Response], Awaitable[EndpointError]],
) -> EndpointError | None:
    """Request a completion of one token for the prompt "ping"; return None for an answer, else the error.

    Args:
        where: the endpoint's name and URL, for messages.
        error_of: returns the error of a response whose status is not 200.

    Raises:
        QwqError: the key's environment variable is not set.
    """
    # Without the run's options: a server that refuses one of them is there all the same.
    nothing = dict.fromkeys(endpoint.sampling)
    brief = endpoint.replace(stream=False, request_seed=None, sampling={**nothing, "max_tokens": 1})
    ask = dialect.body(brief, [{"role": "user", "content": "ping"}], repeat=0, tools=())
    timeout = httpx.Timeout(min(PING_TIMEOUT, endpoint.read_timeout), connect=endpoint.connect_timeout)
    request = client.build_request("POST", endpoint.address(dialect.path), json=ask, timeout=timeout)
    try:
        async with response_to(client, request, endpoint) as response:
            # The headers suffice: a failure within an answer concerns that answer only.
            return None if response.status_code == 200 else await error_of(response)
    except TRANSPORT_ERRORS as exc:
        return failure(exc, mask.hide(describe(exc, endpoint.url)), began=False)
    except QwqError:
        raise
    except Exception as exc:
        return unexpected(exc, where, mask.hide)
