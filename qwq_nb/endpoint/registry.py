"""Keep the endpoints of this kernel by name. Nothing of them is written to disk."""

from __future__ import annotations

import threading

import msgspec

from qwq_nb.endpoint.context_window import window_warning
from qwq_nb.endpoint.endpoint import DEMO_NAME, Endpoint
from qwq_nb.endpoint.key_variables import read_variable
from qwq_nb.endpoint.limits import AnswerLimit
from qwq_nb.endpoint.masking import MASK, Mask
from qwq_nb.errors import EndpointRefused, OptionError, UnknownEndpoint, did_you_mean, listed, one_line

__all__ = [
    "EndpointStatus",
    "connect",
    "demo_endpoint",
    "endpoint_set_here",
    "endpoints",
    "get_endpoint",
    "note_used",
    "served_models",
    "set_default",
    "window_warnings",
]

DEMO_MAX_TOKENS = 2000
"""Token limit of the built-in endpoint, so that its one looping transcript ends soon."""
DEMO_PACE = 250.0
"""Tokens per second of one of its streams in a live notebook, where the user watches; unlimited elsewhere."""

SHOWN = 20
"""Served models that a message names: a gateway lists hundreds."""
LONGEST = 400
"""Characters of what a server says of itself in that line."""

_endpoints: dict[str, Endpoint] = {}
_default: str | None = None
_Reached = tuple[str, str, frozenset[str]]
_used: dict[_Reached, Endpoint] = {}
"""Endpoints that this kernel was given, by what `reached_by` returns."""
_served: list[str] = []
"""Models that the last endpoint asked said it serves: for completion."""
_windows: dict[tuple[str, str], int] = {}
"""Context windows in tokens that servers told, by URL and model."""
_guard = threading.Lock()


class EndpointStatus(msgspec.Struct, kw_only=True):
    """Hold an endpoint and the models that it lists."""

    endpoint: Endpoint
    served: list[str] = []
    problem: str = ""
    """Why `GET /models` returned no list; empty if it did."""

    @property
    def warnings(self) -> list[str]:
        """Return what to know before a run: of the sampling, and of a context window that is too small for it."""
        return [*self.endpoint.warnings(), *window_warnings(self.endpoint)]

    @property
    def line(self) -> str:
        """Describe the endpoint's state in one line for the user, which begins with `✓` or `⚠`."""
        e = self.endpoint
        if e.is_demo:
            return "DEMO endpoint: built-in answers to built-in problems; its scores say nothing of any model."
        head = f"Endpoint {e.name!r}: {one_line(e.url, LONGEST)}"
        tail = " TLS certificates are NOT verified." if e.insecure else ""
        if self.problem:
            return (
                f"⚠ {head}; GET /models gave {one_line(self.problem, LONGEST)}, so {e.model!r} is used unchecked.{tail}"
            )
        if e.model in self.served:
            return f"✓ {head} answers and serves {one_line(e.model, LONGEST)}.{tail}"
        many = f"It lists {len(self.served)} models." if len(self.served) > SHOWN else ""
        near = did_you_mean(e.model, self.served, many=many) if self.served else " It lists no model."
        return f"⚠ {head} answers, but does not list {e.model!r}.{near}{tail}"


def refusal_of_key(endpoint: Endpoint) -> str:
    """Say that a key was refused, or that one is wanted, and what to do."""
    head = f"Endpoint {endpoint.name!r} ({one_line(endpoint.url, LONGEST)})"
    if endpoint.secrets:
        variable = next(iter(endpoint.secrets))
        names = " and ".join(endpoint.secrets)
        return (
            f"{head} refused the key in {names}. Put a valid one there, as in `import os, getpass; "
            f"os.environ[{variable!r}] = getpass.getpass()`, and run this line again"
        )
    return (
        f"{head} wants a key. Give the name of the environment variable that holds one by --key-env, as in --key-env "
        f"QWQ_API_KEY, or by --header-env api-key=QWQ_API_KEY where it is sent in another header"
    )


def window_warnings(endpoint: Endpoint) -> list[str]:
    """Warn that the endpoint's context window, if `connect` was told it, is smaller than the tokens it is asked for."""
    with _guard:
        window = _windows.get((endpoint.url, endpoint.model), 0)
    asked = AnswerLimit(endpoint.sampling).asked
    warning = window_warning(endpoint.model, window, asked)
    return [warning] if warning else []


def endpoints() -> dict[str, Endpoint]:
    """Return all endpoints of this kernel by name, the default one first."""
    with _guard:
        names = sorted(_endpoints, key=lambda n: n != _default)
        return {n: _endpoints[n] for n in names}


def served_models() -> list[str]:
    """Return the models listed by the endpoint that was set last."""
    return list(_served)


def set_default(endpoint: Endpoint) -> None:
    """Register `endpoint` under its name and make it the default: used when no endpoint is named."""
    global _default
    with _guard:
        _endpoints[endpoint.name] = endpoint
        _default = endpoint.name


def note_used(endpoint: Endpoint) -> None:
    """Remember that this kernel was given an endpoint to ask, by whatever name."""
    with _guard:
        _used[reached_by(endpoint)] = endpoint


def reached_by(endpoint: Endpoint) -> _Reached:
    """Return where an endpoint is asked, and which variables' values are sent there: URL, key, headers."""
    return endpoint.url, endpoint.key_env, frozenset(endpoint.header_env)


def endpoint_set_here(recorded: Endpoint) -> Endpoint | None:
    """Return the endpoint of this kernel that has a recorded one's URL, key variable and headers; None: there is none.

    Only of such a one are they used that a run's folder names.
    """
    with _guard:
        set_by_name = (e for e in _endpoints.values() if reached_by(e) == reached_by(recorded))
        return next(set_by_name, None) or _used.get(reached_by(recorded))


def get_endpoint(name: str | None = None) -> Endpoint:
    """Return the endpoint of that name, or the default one.

    Raises:
        UnknownEndpoint: none of that name, or none set at all; the message says how to set one.
    """
    if name == DEMO_NAME:
        return demo_endpoint()
    with _guard:
        if name is None:
            if _default is not None:
                return _endpoints[_default]
            raise UnknownEndpoint(
                "No endpoint is set. Set one: %qwq_endpoint http://127.0.0.1:8000/v1 --model QwQ-32B "
                "(with --key-env VAR if it wants a key), or add --demo to try the built-in one."
            )
        if name in _endpoints:
            return _endpoints[name]
        hint = did_you_mean(name, [*_endpoints, DEMO_NAME])
    raise UnknownEndpoint(f"There is no endpoint named {name!r}.{hint} %qwq_endpoint lists them.")


def demo_endpoint() -> Endpoint:
    """Return the built-in endpoint, started at need: a child process on loopback, which ends with this process."""
    from qwq_nb.core.frontend import in_kernel, ipython, is_live
    from qwq_nb.demo import shared

    watched = in_kernel(ipython()) and is_live()
    server = shared(DEMO_PACE if watched else 0)
    return Endpoint(server.url, server.model, name=DEMO_NAME, max_tokens=DEMO_MAX_TOKENS, request_seed=0)


def connect(endpoint: Endpoint) -> EndpointStatus:
    """Request `GET /models` once, choose the model, and make the endpoint the default one.

    Of a server that lists its models to anybody it is asked, too, whether it takes the key.

    Raises:
        EndpointRefused: the key was refused, or there was none.
        OptionError: no model was named and the endpoint does not serve exactly one.
        UserError: the key's environment variable is not set.
    """
    from qwq_nb.core.event_loop import shared_event_loop
    from qwq_nb.endpoint.client import ChatClient
    from qwq_nb.endpoint.connection import ServedModels

    async def served() -> tuple[Endpoint, ServedModels]:
        async with ChatClient(endpoint, connections=1) as client:
            models = await client.models()
        if models.problem and models.has_answered and not endpoint.url.partition("?")[0].endswith("/v1"):
            # The commonest mistake: a base URL without its version. Servers answer by 404, an error with 200, a page.
            longer = endpoint.replace(url=endpoint.address("v1"))
            async with ChatClient(longer, connections=1) as client:
                again = await client.models()
            if not again.problem:
                return longer, again
        return endpoint, models

    if endpoint.is_demo:
        raise OptionError(f"The name {DEMO_NAME!r} is the built-in endpoint's: give this one another by --name.")
    found, models = shared_event_loop().call(served())
    if models.is_key_refused:
        raise EndpointRefused(f"{refusal_of_key(found)} (GET /{models.asked} gave {models.problem}).", status=401)
    ids = without_key(found, models.ids)
    _served[:] = [name for name in ids if MASK not in name]
    with _guard:
        _windows.update({(found.url, model): window for model, window in models.windows.items()})
    if not found.model:
        # One that cannot be shown as it is, for its length or its characters, is not taken unasked either.
        if len(ids) != 1 or MASK in ids[0] or listed(ids) != models.ids[0]:
            known = (
                f"It serves: {listed(ids, SHOWN)}."
                if ids
                else f"It does not say ({one_line(models.problem, LONGEST) or 'its list is empty'})."
            )
            raise OptionError(f"Which model? Name it by --model. {known}")
        from qwq_nb.endpoint.endpoint import default_name

        named = default_name(found.url, models.ids[0]) if found.name == default_name(found.url, "") else found.name
        found = found.replace(model=models.ids[0], name=named)
    set_default(found)
    return EndpointStatus(endpoint=found, served=ids, problem=models.problem)


def without_key(endpoint: Endpoint, names: list[str]) -> list[str]:
    """Return the names that a server listed without the endpoint's secrets, which it may have put into one."""
    mask = Mask()
    for variable, purpose in endpoint.secrets.items():
        mask.note(read_variable(variable, purpose))
    return [mask.hide(name) for name in names]
