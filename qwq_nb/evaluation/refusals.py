"""Decide whether a refused request ends the run: is it this prompt's fault, or would every other meet it, too?"""

from __future__ import annotations

from qwq_nb.errors import EndpointRefused, RequestRejected

__all__ = ["Refusals"]


class Refusals:
    """Judge the refusals that a run meets before any of its prompts is answered.

    One alone says nothing of the others: a content filter may refuse that prompt. The run ends where the server objects
    to the options, which every request has, and where two different prompts met the same refusal. A prompt that is too
    long concerns no other. (A key or a model that is refused is an `EndpointRefused` already.)
    """

    def __init__(self) -> None:
        self._first: dict[tuple[int | None, str], str] = {}
        """The sample that met each kind of refusal first."""

    def ending(self, sample: str, refusal: RequestRejected) -> EndpointRefused | None:
        """Return the error that ends the run; None where `sample` alone is at fault."""
        if refusal.concerns == "options":
            return EndpointRefused(f"{refusal} (the first request of the run; every other would meet it)")
        if refusal.concerns == "length" or refusal.status is None:
            return None  # without a status it is an answer that was withheld: the server does answer
        if self._first.setdefault((refusal.status, refusal.concerns), sample) == sample:
            return None
        return EndpointRefused(f"{refusal} (two different prompts met it, and none was answered)")
