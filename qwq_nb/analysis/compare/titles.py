"""Choose what the runs of a comparison are called throughout: by what tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.core.formats import setting
from qwq_nb.view.clean import one_line

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["run_titles"]

_LONGEST: Final = 60
_MOST_SETTINGS: Final = 2
"""Settings that a title may hold; runs that differ in more are called by their own names."""


def run_titles(runs: Mapping[str, Run]) -> dict[str, str]:
    """Return what each run is called, by letter: its model; where models are the same, the settings that differ.

    Where only some models are the same, it is the model, and of those that share one with the settings that differ
    among them. Where these do not tell them apart, it is the run's own name, and where that is the same, with its
    letter.
    """
    sampling = [run.manifest.request.endpoint.sampling for run in runs.values()]
    ways = (
        [run.model for run in runs.values()],
        _settings(sampling),
        _models_and_settings([run.model for run in runs.values()], sampling),
        [run.name for run in runs.values()],
    )
    for names in ways:
        shown = [_brief(one_line(name, 200)) for name in names]
        if len(set(shown)) == len(runs) and all(shown):
            return dict(zip(runs, shown, strict=True))
    return {letter: f"{_brief(one_line(run.name, 200))} ({letter})" for letter, run in runs.items()}


def _settings(sampling: list[dict[str, Any]]) -> list[str]:
    """`max_tokens=400`; nothing where too many settings differ, or a run does not say it."""
    names = dict.fromkeys(name for each in sampling for name in each)
    differing = [name for name in names if len({str(each.get(name)) for each in sampling}) > 1]
    if not 1 <= len(differing) <= _MOST_SETTINGS or any(each.get(n) is None for each in sampling for n in differing):
        return []
    return [", ".join(f"{name}={setting(each[name])}" for name in differing) for each in sampling]


def _models_and_settings(models: list[str], sampling: list[dict[str, Any]]) -> list[str]:
    """`QwQ-32B`, and `QwQ-32B-AWQ, temperature=default`; nothing where all are of one model, or too much differs."""
    if len(set(models)) == 1:
        return []
    titles = list(models)
    for model in set(models):
        places = [place for place, each in enumerate(models) if each == model]
        names = dict.fromkeys(name for place in places for name in sampling[place])
        said = [{n: "default" if (v := sampling[place].get(n)) is None else v for n in names} for place in places]
        own = _settings(said)
        for place, settings in zip(places, own, strict=False):
            titles[place] = f"{model}, {settings}"
    return titles


def _brief(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
