"""Find who can be asked to continue the thoughts of a run."""

from __future__ import annotations

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import demo_endpoint, get_endpoint
from qwq_nb.errors import OptionError
from qwq_nb.run.run import Run

__all__ = ["endpoints_of"]


def endpoints_of(run: Run, endpoint: Endpoint | str | None) -> list[Endpoint]:
    """Return the endpoints to ask: the one named, or the run's own.

    Raises:
        OptionError: the run names none that can be asked.
    """
    if endpoint is not None:
        return [get_endpoint(endpoint) if isinstance(endpoint, str) else endpoint]
    if run.demo:
        return [demo_endpoint()]
    found = run.manifest.request.endpoints
    if not all(one.url for one in found):
        raise OptionError(
            f"The run {run.name!r} does not say who answered it: name the endpoint that serves its model "
            f"by --endpoint NAME."
        )
    return list(found)
