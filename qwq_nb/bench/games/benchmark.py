"""Define the benchmark `games`: the prompts, and what is made of an answer to one."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.bench.benchmark import loaded_benchmark, new_sample
from qwq_nb.bench.games.program import program_of
from qwq_nb.bench.games.prompts import PROMPTS, GamePrompt
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.core.execution import Execution, ExecutionStatus
from qwq_nb.core.game import Game
from qwq_nb.core.records import AnswerKind, Verdict
from qwq_nb.errors import OptionError, UserError

__all__ = ["SECONDS", "Games", "check_extra", "seconds_of"]

SECONDS: Final = 6.0
"""Virtual time of one play."""
_FROM, _TO = 0.5, 60.0

NOTE: Final = (
    "Games are played without a screen, and what was seen are facts, no score: a program may deceive the driver, which "
    "runs in its process."
)


class Games:
    """Ask for whole games, and play the programs in the sandbox. Nothing is graded: each answer awaits a ruling."""

    name = "games"
    kind: AnswerKind = "code"
    withheld = False

    def subsets(self) -> Sequence[str]:
        """Return the names of the games that come with the benchmark; a file of prompts may add others."""
        return [prompt.name for prompt in PROMPTS]

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Return a sample a game. `request.data`: a file of prompts; `dataset_args`: `seconds` of a play."""
        seconds = seconds_of(request.dataset_args)
        if request.few_shot:
            raise OptionError("games has no worked examples: leave --few-shot out.")
        prompts, notes = {prompt.name: prompt for prompt in PROMPTS}, [NOTE]
        if request.data is not None:
            from qwq_nb.bench.games.prompt_file import read_prompts

            own = read_prompts(request.data)
            prompts |= {prompt.name: prompt for prompt in own}
            notes += [_said_of(prompt) for prompt in own]
        samples = [
            new_sample(prompt.prompt, "", subset=prompt.name, metadata=prompt.metadata(seconds))
            for prompt in prompts.values()
        ]
        return loaded_benchmark(self, request, samples, notes=notes, versions=_versions())

    def grade(self, job: GradeJob) -> Verdict:
        """Play the program of an answer, and return facts: never whether it is right."""
        from qwq_nb.bench.code.running import current_run

        code = program_of(job.completion.answer)
        if not code:
            execution = Execution(game=Game(state="no_program"), fault="no program")
            return Verdict(status="no_reference", execution=execution)
        return _verdict(code, job, current_run())

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return False: no two programs are compared."""
        return False


def _verdict(code: str, job: GradeJob, box: Any) -> Verdict:
    from qwq_nb.bench.games.clips import clip_of
    from qwq_nb.bench.games.playing import kept_play, play_game

    runs = []

    def run(program: Any) -> Any:
        runs.append(box.run(program))
        return runs[-1]

    game, plays = play_game(code, job.sample.metadata, run)
    kept, clip = kept_play(plays), b""
    if kept is not None and kept.report is not None:
        clip = clip_of(kept.frames, kept.report.frame, 1000 * kept.report.seconds / len(kept.frames))
        game = msgspec.structs.replace(game, clip_of=kept.policy.name if clip else "")
    execution = Execution(
        status=_status(game, runs),
        seconds=sum(done.seconds for done in runs),
        cpu_seconds=sum(done.cpu_seconds for done in runs),
        peak_memory_mb=max((done.peak_memory_mb for done in runs), default=0.0),
        sandbox=box.sandbox_name,
        fault=game.why if game.state == "not_run" else "",
        game=game,
    )
    return Verdict(status="no_reference", extracted=code, execution=execution, clip_png=clip)


def _status(game: Game, runs: Sequence[Any]) -> ExecutionStatus:
    """Return how the program ended: as the first of its processes that did not end well, or by an exception."""
    if game.state == "not_run":
        return "not_run"
    ended: list[ExecutionStatus] = [done.status for done in runs if done.status != "passed"]
    return next(iter(ended), "failed" if game.state == "crashed" else "passed")


def seconds_of(given: dict[str, Any]) -> float:
    """Return the virtual seconds of a play. Raises OptionError where the arguments are others, or no such number."""
    unknown = sorted(set(given) - {"seconds"})
    if unknown:
        raise OptionError(f"games takes no dataset argument {unknown[0]!r}: --seconds and --prompt are its options.")
    seconds = given.get("seconds", SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not _FROM <= seconds <= _TO:
        raise OptionError(f"--seconds takes a number from {_FROM:g} to {_TO:g}, not {seconds!r}.")
    return float(seconds)


def check_extra() -> None:
    """Check that what games need is installed. Raises UserError, which says how to install it."""
    missing = [name for name, module in (("pygame-ce", "pygame"), ("Pillow", "PIL")) if not _is_there(module)]
    if missing:
        raise UserError(
            f"games needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed here. "
            f"Install the extra: %pip install 'qwq-nb[games]', and run the line again."
        )


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("pygame-ce", "pygame", "pillow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _said_of(prompt: GamePrompt) -> str:
    keys = ", ".join(prompt.keys) or "none"
    extra = [f"{key} {what}" for key, what in ((prompt.restart, "starts it anew"), (prompt.quit, "ends it")) if key]
    return f"{prompt.name}: played with the keys {keys}" + "".join(f"; {each}" for each in extra) + "."
