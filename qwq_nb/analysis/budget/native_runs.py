"""Run a benchmark again with a thinking budget of the server's own (`budget(run, native=…)`): a whole run a budget.

Each is a run of its own beside the first one, so it resumes, retries and is graded as any other. The first run's
directory keeps their names (`qwq_budget.jsonl`).
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.analysis.budget.answers import answers_of
from qwq_nb.analysis.budget.forced_rows import FILE, NativeRow, read_forced
from qwq_nb.analysis.budget.native_points import NativePoint, native_point
from qwq_nb.analysis.budget.native_probe import AUTO, NativeBudget, checked_field, find_native
from qwq_nb.core.event_loop import shared_event_loop, wait_for
from qwq_nb.core.records import SampleResult
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError, QwqError, UserError
from qwq_nb.evaluation.begin import start
from qwq_nb.evaluation.continuing.endpoints import endpoints_of
from qwq_nb.evaluation.control import STOP_WITHIN_S
from qwq_nb.evaluation.start import data_fingerprint, run_dir_for
from qwq_nb.evaluation.trust import own_request
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.store.request import SOLVER
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.clean import one_line
from qwq_nb.view.output import Output, Picture
from qwq_nb.view.wording import count, number

__all__ = ["NativeRuns", "native_points"]


class NativeRuns:
    """Hold the runs to make of one run: `cost` first, then `run()`."""

    def __init__(
        self,
        run: Run,
        budgets: Sequence[int],
        results: Sequence[SampleResult],
        *,
        field: str = AUTO,
        endpoint: Endpoint | str | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Check the call. `budgets`: thinking tokens, those below the longest reasoning.

        Raises:
            OptionError: the run goes on, takes several requests an answer, or there is no budget to ask with.
            UserError: the run's endpoint or data were not given in this kernel (`qwq_nb.evaluation.trust`).
        """
        if run.state in ("starting", "running", "paused"):
            raise OptionError(f"The run {run.name!r} is still going on: other budgets are run when it is over.")
        if run.manifest.request.solver != SOLVER:
            raise OptionError(f"The answers of the run {run.name!r} take several steps, which have no budget together.")
        if run.manifest.maker:
            made = f"The run {run.name!r} was made by {run.manifest.maker}"
            raise OptionError(f"{made}: it can be shown, not run again.")
        self.target = run
        self.budgets = sorted(b for b in budgets if b > 0)
        if not self.budgets:
            raise OptionError(
                "--native needs a budget above 0 and below the longest reasoning: name some by --budgets."
            )
        self._results = results
        self._field = checked_field(field)
        self._endpoints = endpoints_of(run, endpoint)
        request = own_request(run.manifest, endpoint_given=endpoint is not None)
        changes: dict[str, Any] = {"endpoints": self._endpoints if endpoint is not None else request.endpoints}
        if concurrency is not None:
            changes["concurrency"] = concurrency
        self._request = msgspec.structs.replace(request, **changes)
        self.proof: NativeBudget | None = None
        self._line = self.cost()

    def cost(self) -> str:
        """Say what the runs cost at most, in tokens and money."""
        answers = answers_of(self._results)
        thinking = sum(min(a.tokens, b) for a in answers for b in self.budgets)
        rest = sum(r.completion.answer_tokens for r in self._results if r.completion is not None) * len(self.budgets)
        prompts = sum(r.completion.prompt_tokens for r in self._results if r.completion is not None)
        said = (
            f"{count(len(self.budgets), 'run')} of {count(len(answers), 'answer')}: about {number(thinking + rest)} "
            f"generated tokens"
        )
        first = self._request.endpoint
        if first.prices is not None:
            price_in, price_out = first.prices
            money = ((thinking + rest) * price_out + prompts * len(self.budgets) * price_in) / 1e6
            said += f", {money:.2f} {first.price_currency}".rstrip()
        return f"{said}; what is there already is not asked again."

    def run(self, *, show: bool) -> None:
        """Prove the budget, and make the runs that are not complete, one after another.

        Raises:
            NoNativeBudget: no budget of an endpoint's own could be proved.
            KeyboardInterrupt: the user interrupted; what was answered is kept.
            QwqError: what ended one of the runs.
        """
        for endpoint in self._request.endpoints:
            endpoint.check_secrets()
        picture = Picture(
            subject=self, bundle=self._bundle, text=lambda _: self._line, line=lambda width: self._line[:width]
        )
        output = Output(picture, show=show)
        try:
            self.proof = self._proved(output)
            for budget in self.budgets:
                self._one(self.proof.field, budget, output)
        finally:
            output.finish(figure=False)

    def _proved(self, output: Output) -> NativeBudget:
        """Prove one field on each endpoint that shares the run."""
        field, proof = self._field, None
        for endpoint in self._request.endpoints:
            future = shared_event_loop().submit(find_native(endpoint, self._results, field))
            try:
                proof = wait_for(future, step_s=output.interval_s, meanwhile=output.update)
            except BaseException:
                future.cancel()
                raise
            field = proof.field
        assert proof is not None  # a request has an endpoint
        return proof

    def _one(self, field: str, budget: int, output: Output) -> None:
        endpoints = [e.replace(sampling={field: budget}) for e in self._request.endpoints]
        request = msgspec.structs.replace(self._request, endpoints=endpoints)
        data = data_fingerprint(request)
        path, key = run_dir_for(request, self.target.path.parent, fresh=False, data_fingerprint=data)
        self._note(field, budget, path.name)
        line = f"%qwq_budget {self.target.name} --native {field} --budgets {','.join(map(str, self.budgets))}"
        run, control = start(request, path, key, command=line, reveal=self.target.revealed)

        def update() -> None:
            progress = run.progress()
            self._line = f"{field} {budget:,}: {progress.done:,} of {progress.total:,} answers"
            output.update()

        try:
            wait_for(control.future, step_s=output.interval_s, meanwhile=update)
        except BaseException:
            control.stop()
            concurrent.futures.wait([control.future], STOP_WITHIN_S)
            raise
        update()

    def _note(self, field: str, budget: int, name: str) -> None:
        """Keep the name of a run beside the first one."""
        row = NativeRow(field=field, budget=budget, run=name)
        if row in read_forced(self.target.directory).natives:
            return
        directory = RunDirectory(Path(self.target.path))
        directory.lock()
        try:
            directory.append(FILE, msgspec.to_builtins(row))
        except OSError as exc:
            raise QwqError(f"Runs cannot be noted in {directory.display_path}: {exc.strerror or exc}.") from None
        finally:
            directory.close()

    def _bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        return {"text/plain": self._line, "text/html": f"<p>{escape(self._line)}</p>"}


def native_points(run: Run, benchmark: str, rows: Sequence[NativeRow]) -> tuple[list[NativePoint], list[str]]:
    """Return the points of the runs that a run's directory names, and a sentence on each that is not there.

    The file may come from somebody else: a run counts only if it lies beside this one and was asked with that budget.
    """
    points: list[NativePoint] = []
    notes: list[str] = []
    for row in sorted(rows, key=lambda r: r.budget):
        try:
            other = load_run(run.path.parent / row.run)
            asked = other.manifest.request.endpoint.sampling.get(row.field)
            results = other.results() if asked == row.budget else []
        except (OSError, UserError, msgspec.MsgspecError):
            notes.append(
                f"The run {one_line(row.run, 120)} with {row.field} {number(row.budget)} is not here any more."
            )
            continue
        point = native_point(results, budget=row.budget, field=row.field, run=other.name, benchmark=benchmark)
        if point is not None:
            points.append(point)
    return points, notes
