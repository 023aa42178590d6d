"""Define the magics that set endpoints, evaluate and show runs, and register all magics.

Each parses its line and makes one call of the Python API. Every failure that a user can cause is a UsageError: one
message, no traceback, and the cell fails.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Bool, Enum, Float, Int, TraitError, Unicode, Union
from traitlets.config.configurable import Configurable

from qwq_nb.core.ruling_target import RULINGS_TARGET
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.errors import InterruptedWithResult, OptionError, QwqError, one_line
from qwq_nb.evaluation.options import ASK, CHECK, EVAL, EXECUTOR, MERGE, RESUME, RUNS, SHOW
from qwq_nb.magics.base import MagicBase, documented, user_errors
from qwq_nb.magics.config import file_defaults
from qwq_nb.magics.interrupts import show_interrupts_plainly
from qwq_nb.store.request import CONCURRENCY, GRADE_DEADLINE_S, HUB, SEED

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["QwqMagics", "load"]


@magics_class
class QwqMagics(MagicBase, Configurable):
    """Provide the magics and their defaults: `%config QwqMagics` lists them; a line's own options override them."""

    endpoint = Unicode("", help="Name of the endpoint that is used where a line names none.").tag(config=True)
    concurrency = Union([Int(min=1), Enum(["auto"])], default_value=CONCURRENCY, help="Streams at once, or auto.").tag(
        config=True
    )
    seed = Int(SEED, help="Which samples --limit takes.").tag(config=True)
    hub = Unicode(HUB, help="Where benchmarks come from: modelscope or huggingface.").tag(config=True)
    out = Unicode("", help="Folder in which run directories lie; qwq_runs where empty.").tag(config=True)
    reveal = Bool(False, help="Show GPQA's texts in outputs.").tag(config=True)
    max_retries = Int(Endpoint.max_retries, min=0, help="Attempts after the first for what may pass.").tag(config=True)
    read_timeout = Float(Endpoint.read_timeout, help="Longest silence within a stream, in seconds.").tag(config=True)
    grade_deadline = Float(GRADE_DEADLINE_S, help="Longest time for one grading, in seconds.").tag(config=True)

    _panel: Any = None

    def __init__(self, shell: Any) -> None:
        Configurable.__init__(self, config=shell.config)
        Magics.__init__(self, shell=shell)
        for name, value in file_defaults(self.trait_names(config=True)).items():
            try:
                setattr(self, name, value)
            except TraitError as exc:
                raise OptionError(f"The setting {name!r} of qwq_nb in pyproject.toml or config.toml: {exc}") from None
        shell.configurables.append(self)

    # -- endpoints -----------------------------------------------------------------------------------------------

    @documented(ENDPOINT)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_endpoint(self, line: str) -> None:
        """Set the default endpoint and ask it once which models it serves; alone, list the endpoints.

        %qwq_endpoint URL --model M [--name N] [--key-env VAR] [options]
        %qwq_endpoint demo           the built-in endpoint
        %qwq_endpoint NAME           make an endpoint set before the default one
        """
        from qwq_nb.bench.shared import shared_worker
        from qwq_nb.endpoint.registry import (
            EndpointStatus,
            connect,
            demo_endpoint,
            endpoints,
            get_endpoint,
            set_default,
        )
        from qwq_nb.evaluation.request import refine_endpoint

        words, given = self.parsed(line, ENDPOINT, "qwq_endpoint")
        if len(words) > 1:
            raise OptionError(f"%qwq_endpoint takes one URL or name; here are {len(words)} words that are no options.")
        if not words:
            if given:
                raise OptionError("%qwq_endpoint: which one? Its URL comes first, as in http://127.0.0.1:8000/v1.")
            print(listing(list(endpoints().values())))
            return
        if words[0] == "demo":
            endpoint = refine_endpoint(demo_endpoint(), {k: v for k, v in given.items() if k not in ("model", "name")})
            set_default(endpoint)
            told(EndpointStatus(endpoint=endpoint).line, endpoint.warnings())
            return
        if "://" not in words[0]:
            endpoint = refine_endpoint(get_endpoint(words[0]), given)
            set_default(endpoint)
            told(f"Endpoint {endpoint.name!r} is the default one: {served_by(endpoint)}.", endpoint.warnings())
            return
        options = {"max_retries": self.max_retries, "read_timeout": self.read_timeout, **given}
        options["stream"] = not options.pop("no_stream", False)
        endpoint = Endpoint(words[0], **options)
        # While the server is asked, what an evaluation needs is imported: the next line then begins at once.
        ready = threading.Thread(target=import_engine, name="qwq-imports", daemon=True)
        ready.start()
        status = connect(endpoint)
        for variable in status.endpoint.secrets:
            shared_worker().hide(variable)
        ready.join()
        told(status.line, status.warnings)

    # -- runs ----------------------------------------------------------------------------------------------------

    @documented((*EVAL, *EXECUTOR))
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_eval(self, line: str) -> Run:
        """Evaluate the endpoint's model on benchmarks and show the result; the same line again resumes.

        %qwq_eval math_500 --levels 1-5 --limit 50
        run = %qwq_eval math_500 aime24 gpqa_diamond --repeats 4 --concurrency 64
        %qwq_eval math_500 --demo
        %qwq_eval math_500 --executor client --shards 8      a Dask client's workers ask
        """
        from qwq_nb.evaluation.evaluate import evaluate

        words, given = self.parsed(line, (*EVAL, *EXECUTOR), "qwq_eval")
        given = self.executors_in(given)
        names = ("concurrency", "seed", "hub", "reveal", "max_retries", "read_timeout", "grade_deadline")
        # Only what was changed is passed on, so that the line that resumes stays short.
        defaults = {n: getattr(self, n) for n in names if getattr(self, n) != self.traits()[n].default_value}
        if self.endpoint and not given.get("demo"):
            defaults["endpoint"] = self.endpoint
        if self.out:
            defaults["out"] = self.out
        return self._remember(lambda: evaluate(*words, **{**defaults, **given}))

    @documented(RESUME)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_resume(self, line: str) -> Run:
        """Resume an unfinished run: `%qwq_resume RUN`, a variable, a run's name or a path."""
        from qwq_nb.evaluation.evaluate import resume_run

        words, given = self.parsed(line, RESUME, "qwq_resume")
        out = given.pop("out", None)
        run = self.one_run(words, "qwq_resume", out)
        return self._remember(lambda: resume_run(run, **given))

    @documented(MERGE)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_merge(self, line: str) -> Run:
        """Merge shards of a run (`--shard 0/4`, …) into one run; its line without --shard then finishes it.

        %qwq_merge qwq_runs/math_500-QwQ-32B-0a1b2c3d.shards
        %qwq_merge node1/shard node2/shard --out qwq_runs
        """
        from qwq_nb.evaluation.merge import merge_runs
        from qwq_nb.run.run import Run
        from qwq_nb.view.output import forget_shown

        words, given = self.parsed(line, MERGE, "qwq_merge")
        paths = [self.variables[w] if isinstance(self.variables.get(w), Run) else w for w in words]
        run = merge_runs(paths, out=given.get("out"))
        self.shell.user_ns["_qwq_run"] = run
        forget_shown(run)
        return run

    @documented(SHOW)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_show(self, line: str) -> Any:
        """Show a run again: `%qwq_show RUN`; without a name the last one. `--sample ID` opens it at one sample."""
        from qwq_nb.view.output import forget_shown

        words, given = self.parsed(line, SHOW, "qwq_show")
        run = self.one_run(words, "qwq_show", given.get("out"))
        if "reveal" in given:
            run.reveal()
        if "sample" in given:
            from qwq_nb.run.sample_in_run import sample_in_run

            return sample_in_run(run, given["sample"], given.get("repeat", 0))
        if not run.directory.is_record_current() and not run.directory.is_locked():
            run.save_record()
        forget_shown(run)
        return run

    @documented(CHECK)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_check(self, line: str) -> Any:
        """List the verdicts worth a look by hand: `%qwq_check RUN`; without a name those of the last run.

        Each stands at the place in question. In JupyterLab it is ruled on by buttons or by y and n, and u undoes that.
        """
        words, given = self.parsed(line, CHECK, "qwq_check")
        run = self.one_run(words, "qwq_check", given.get("out"))
        if "reveal" in given:
            run.reveal()
        return run.check()

    @documented(RUNS)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_runs(self, line: str) -> Any:
        """List the runs in the folder of runs: state, progress, score, model; the last one first."""
        from qwq_nb.run.open import list_runs

        words, given = self.parsed(line, RUNS, "qwq_runs")
        if words:
            raise OptionError(f"%qwq_runs takes no name; to draw a run: %qwq_show {words[0]}")
        return list_runs(given.get("out") or self.out or None)

    @documented(EVAL)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_panel(self, line: str) -> None:
        """Show a form that writes a %qwq_eval line and runs it in the background.

        %qwq_panel                         as it was left, or empty
        %qwq_panel math_500 --limit 50     filled in
        """
        from qwq_nb.core.frontend import in_kernel, is_live
        from qwq_nb.magics.form import Form, checked, lines_of, values_of

        words, given = self.parsed(line, EVAL, "qwq_panel")
        if not in_kernel(self.shell):
            raise OptionError("%qwq_panel needs a notebook. It writes lines like %qwq_eval math_500 --limit 50")
        if self._panel is not None:
            self._panel.close()
        fresh = bool(words or given) or self._panel is None
        values = values_of(words, given) if fresh else self._panel.values
        if not is_live():
            print("\n".join(checked(lines_of(values))))
            return
        self._panel = Form(self.shell, values)

    # -- the sandbox ---------------------------------------------------------------------------------------------

    @documented(())
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_sandbox(self, line: str) -> None:
        """Print what confines the code of a model here, and what was found out about each layer."""
        from qwq_nb.magics.sandbox import sandbox_text

        words, _ = self.parsed(line, (), "qwq_sandbox")
        if words:
            raise OptionError(f"%qwq_sandbox takes no words; here is {words[0]!r}.")
        print(sandbox_text())

    # -- one question --------------------------------------------------------------------------------------------

    @documented(ASK)
    @no_var_expand
    @cell_magic
    @user_errors
    def qwq(self, line: str, cell: str) -> None:
        """Ask the endpoint the question in the cell, and show its reasoning and answer while they are streamed.

        %%qwq --max-tokens 4096
        What is the sum of the first 100 odd numbers?
        """
        from qwq_nb.evaluation.ask import ask
        from qwq_nb.magics.answer import AnswerView

        words, given = self.parsed(line, ASK, "qwq")
        if words:
            raise OptionError("The question goes below the %%qwq line; the line itself takes options only.")
        if self.endpoint and not given.get("demo"):
            given.setdefault("endpoint", self.endpoint)
        view = AnswerView()
        try:
            completion = ask(cell.strip(), watch=view.update, **given)
        except KeyboardInterrupt:
            raise InterruptedWithResult(view.stop(), None, is_shown=True) from None
        view.finish(completion)

    # -- shared --------------------------------------------------------------------------------------------------

    def runs_folder(self) -> str | None:
        """Return the folder of runs set by `%config QwqMagics.out`; None: the default."""
        return self.out or None

    def _remember(self, evaluation: Callable[[], Run]) -> Run:
        """Evaluate, and keep the run as `_qwq_run`, also if it is interrupted and no variable gets it."""
        from qwq_nb.evaluation.evaluate import Interrupted

        try:
            run = evaluation()
        except Interrupted as exc:
            self.shell.user_ns["_qwq_run"] = exc.run
            raise
        self.shell.user_ns["_qwq_run"] = run
        return run


def import_engine() -> None:
    """Import what `%qwq_eval` imports at its first call."""
    importlib.import_module("qwq_nb.evaluation.evaluate")
    importlib.import_module("qwq_nb.run.live")


def told(line: str, warnings: Sequence[str]) -> None:
    """Print what an endpoint is like, and each warning in a line of its own, which looks like no success."""
    print("\n".join([line, *(f"⚠ {one_line(warning, 600)}" for warning in warnings)]))


def served_by(endpoint: Endpoint) -> str:
    """Return an endpoint's URL and model, of which the server may have named the second."""
    return f"{one_line(endpoint.url, 400)}, model {one_line(endpoint.model, 200)}"


def listing(found: list[Any]) -> str:
    """Return the endpoints as text, one per line, the default one first."""
    if not found:
        return (
            "No endpoint is set. Set one: %qwq_endpoint http://127.0.0.1:8000/v1 --model QwQ-32B, "
            "or try the built-in one: %qwq_endpoint demo"
        )
    lines = []
    for number, e in enumerate(found):
        key = f", key from ${e.key_env}" if e.key_env else ""
        key += "".join(f", {pair.replace('=', ' from $', 1)}" for pair in e.header_env)
        lines.append(f"{'* ' if number == 0 else '  '}{one_line(e.name, 200)}: {served_by(e)}{key}")
    return "\n".join(lines)


def open_rulings(comm: Any, message: Any) -> None:
    """Open the channel of a view's buttons; what it needs is imported at the first one, not with the extension."""
    from qwq_nb.run.ruling_channel import opened

    opened(comm, message)


def load(shell: Any) -> None:
    """Register the magics and their completion; called by `%load_ext qwq_nb`."""
    from qwq_nb.magics.analysis import AnalysisMagics
    from qwq_nb.magics.completion import register

    # Notebooks that were saved have views of runs; with this kernel they can be ruled on.
    manager = getattr(getattr(shell, "kernel", None), "comm_manager", None)
    if manager is not None:
        manager.register_target(RULINGS_TARGET, open_rulings)
    try:
        magics = QwqMagics(shell)
    except QwqError as exc:
        raise UsageError(str(exc)) from None
    shell.register_magics(magics)
    shell.register_magics(AnalysisMagics(shell, magics))
    register(shell, magics.runs_folder)
    show_interrupts_plainly(shell)
