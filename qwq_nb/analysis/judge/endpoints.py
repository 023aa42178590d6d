"""Find out who judges: the endpoints that are named, grouped by the model they serve."""

from __future__ import annotations

from collections.abc import Sequence

from qwq_nb.demo.judge import JUDGE_MODEL
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import demo_endpoint, get_endpoint
from qwq_nb.errors import OptionError
from qwq_nb.run.run import Run
from qwq_nb.store.evalscope_rows import model_segment

__all__ = ["groups_of", "is_under_test"]


def groups_of(endpoint: Endpoint | str | Sequence[Endpoint | str] | None, run: Run) -> list[list[Endpoint]]:
    """Return the endpoints by model, in the order named: those of a group share its requests.

    Raises:
        OptionError: none is named, and the run is not the built-in endpoint's.
        UnknownEndpoint: there is none of that name.
    """
    if endpoint is None:
        if not run.demo:
            raise OptionError("Who judges? --endpoint NAME names an endpoint that is set.")
        named: list[Endpoint | str] = [demo_endpoint()]
    elif isinstance(endpoint, str):
        named = [name.strip() for name in endpoint.split(",") if name.strip()]
    else:
        named = [endpoint] if isinstance(endpoint, Endpoint) else list(endpoint)
    if not named:
        raise OptionError("Who judges? --endpoint NAME names an endpoint that is set.")
    groups: dict[str, list[Endpoint]] = {}
    for one in named:
        found = get_endpoint(one) if isinstance(one, str) else one
        if not isinstance(found, Endpoint) or not found.url:
            raise OptionError(f"{one!r} cannot be asked: it is no endpoint with a URL.")
        if found.is_demo:
            # The built-in endpoint's judge is scripted: it says nothing of any model.
            found = found.replace(model=JUDGE_MODEL)
        group = groups.setdefault(found.model, [])
        if found not in group:
            group.append(found)
    return list(groups.values())


def is_under_test(endpoints: Sequence[Endpoint], run: Run) -> bool:
    """Return whether the judge is the model whose answers it judges, by its name or by its server and model."""
    tested = run.manifest.request.endpoints
    return any(
        model_segment(judge.model).casefold() == model_segment(one.model).casefold()
        for judge in endpoints
        for one in tested
    )
