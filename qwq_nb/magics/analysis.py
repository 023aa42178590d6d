"""Define the magics that analyse runs and endpoints: compare, gate, think, judge, budget, anchors, sweep, speed.

Each parses its line, makes one call of the Python API and returns the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import line_magic, magics_class, no_var_expand

from qwq_nb.analysis.anchors.options import ANCHORS
from qwq_nb.analysis.budget.options import BUDGET
from qwq_nb.analysis.compare.options import COMPARE
from qwq_nb.analysis.gate.options import GATE, RACE
from qwq_nb.analysis.judge.options import JUDGE
from qwq_nb.analysis.speed.options import SPEED
from qwq_nb.analysis.sweep.grid import SWEEP, extra_options, grid_of
from qwq_nb.analysis.sweep.pairs import PAIRS
from qwq_nb.analysis.think.options import THINK
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.options import EXECUTOR
from qwq_nb.magics.base import MagicBase, documented, user_errors
from qwq_nb.magics.parsing import tokens_of

if TYPE_CHECKING:
    import pandas as pd

    from qwq_nb.analysis.anchors.api import Anchors
    from qwq_nb.analysis.budget.api import BudgetCurve
    from qwq_nb.analysis.compare.api import Comparison
    from qwq_nb.analysis.compare.blind import Blind
    from qwq_nb.analysis.gate.api import Gate
    from qwq_nb.analysis.judge.judged import Judged
    from qwq_nb.analysis.speed.api import SpeedTest
    from qwq_nb.analysis.sweep.api import Sweep
    from qwq_nb.analysis.think.api import Thinking

__all__ = ["AnalysisMagics"]


@magics_class
class AnalysisMagics(MagicBase):
    """Provide the analysing magics; defaults (folder of runs, endpoint) are those of `%config QwqMagics`."""

    def __init__(self, shell: Any, defaults: Any) -> None:
        super().__init__(shell)
        self._defaults = defaults

    def runs_folder(self) -> str | None:
        """Return the folder of runs set by `%config QwqMagics.out`; None: the default."""
        return self._defaults.runs_folder()  # type: ignore[no-any-return]

    @documented(COMPARE)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_compare(self, line: str) -> Comparison | Blind | pd.DataFrame:
        """Compare runs with the first: differences with intervals, exact McNemar test, samples whose outcome changed.

        %qwq_compare A B [C...]      variables, runs' names or paths; also runs that evalscope made
        %qwq_compare A --reference QwQ-32B
        %qwq_compare A B --blind     which of two answers is better, without knowing whose they are
        """
        from qwq_nb.analysis.compare.api import compare, compare_reference
        from qwq_nb.core.frontend import in_kernel, is_live
        from qwq_nb.magics.blind import show_blind
        from qwq_nb.store.request import SEED

        words, given = self.parsed(line, COMPARE, "qwq_compare")
        runs = [self.named_run(word, given.get("out")) for word in words]
        if "reference" in given:
            if len(runs) != 1:
                raise OptionError("%qwq_compare --reference holds one run against published scores: name one run.")
            return compare_reference(runs[0], given["reference"])
        if len(runs) < 2:
            raise OptionError("%qwq_compare takes two runs or more: %qwq_compare A B, or one and --reference QwQ-32B.")
        compared = compare(*runs, reveal=bool(given.get("reveal")))
        if given.get("blind"):
            blind = compared.blind(given.get("seed", SEED))
            if in_kernel(self.shell) and is_live():
                show_blind(blind, self.shell)
            return blind
        if "seed" in given:
            raise OptionError("--seed is for --blind: %qwq_compare A B --blind --seed 7")
        return compared

    @documented(RACE)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_gate(self, line: str) -> Gate:
        """Decide whether B may take the place of A: GO, NO-GO or INCONCLUSIVE, by the paired interval and a margin.

        %qwq_gate A B --margin 1     variables, runs' names or paths; B may be worse by less than one percentage point
        %qwq_gate math_500 --race --endpoint full,quantised --margin 5
        """
        from qwq_nb.analysis.gate.api import gate
        from qwq_nb.analysis.gate.race import race

        words, given = self.parsed(line, RACE, "qwq_gate")
        if given.pop("race", False):
            if "endpoint" not in given:
                raise OptionError("%qwq_gate --race is between two endpoints: --endpoint A,B")
            defaults = {"out": self._defaults.out} if self._defaults.out else {}
            return race(*words, endpoints=given.pop("endpoint"), **{**defaults, **given})
        alone = [o.name for o in RACE if o not in GATE and o.dest in given]
        if alone:
            raise OptionError(f"{alone[0]} is for a race: %qwq_gate math_500 --race --endpoint A,B")
        out = given.pop("out", None)
        if len(words) != 2:
            raise OptionError("%qwq_gate takes two runs: %qwq_gate A B --margin 1. B is to take the place of A.")
        a, b = (self.named_run(word, out) for word in words)
        return gate(a, b, **given)

    @documented(THINK)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_think(self, line: str) -> Thinking:
        """Analyse the reasoning: tokens to the first right answer, reflection after it, thoughts, loops, languages.

        %qwq_think RUN [RUN...]      up to six; without a name the last run
        """
        from qwq_nb.analysis.think.api import think
        from qwq_nb.trace.habits import Thresholds

        words, given = self.parsed(line, THINK, "qwq_think")
        out = given.pop("out", None)
        runs = [self.named_run(word, out) for word in words] or [self.one_run([], "qwq_think", out)]
        thresholds = Thresholds(**{name: given.pop(name) for name in Thresholds.__struct_fields__ if name in given})
        return think(*runs, **given, thresholds=thresholds)

    @documented(JUDGE)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_judge(self, line: str) -> Judged:
        """Have answers judged by another model: what awaits a judge, by a rubric of your own, or in pairs.

        %qwq_judge RUN --endpoint J              evalscope's own protocol where the benchmark has one
        %qwq_judge RUN --endpoint J --rubric FILE
        %qwq_judge RUN --endpoint J --pairwise OTHER
        """
        from qwq_nb.analysis.judge.api import judge

        words, given = self.parsed(line, JUDGE, "qwq_judge")
        out = given.pop("out", None)
        other = given.pop("pairwise", None)
        run = self.one_run(words, "qwq_judge", out)
        return judge(run, pairwise=None if other is None else self.named_run(other, out), **given)

    @documented(BUDGET)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_budget(self, line: str) -> BudgetCurve:
        """Show by how many thinking tokens the right answer is stated, and given: how much thinking is enough.

        %qwq_budget RUN [RUN...]     up to six; without a name the last run; no request is made
        %qwq_budget RUN --forced     accuracy where each reasoning is cut at a budget and an answer forced
        %qwq_budget RUN --native auto     whole runs with the server's own thinking budget, at each
        """
        from qwq_nb.analysis.budget.api import budget

        words, given = self.parsed(line, BUDGET, "qwq_budget")
        out = given.pop("out", None)
        if given.pop("free", False) and any(map(given.get, ("forced", "cost", "native"))):
            raise OptionError("--free makes no request, --forced and --native do: leave one of them out.")
        runs = [self.named_run(word, out) for word in words] or [self.one_run([], "qwq_budget", out)]
        return budget(*runs, **given)

    @documented(ANCHORS)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_anchors(self, line: str) -> Anchors:
        """Show which thoughts of an answer mattered: forced answers, and rollouts, at each thought's border.

        %qwq_anchors RUN --sample ID                   one forced answer a thought; without a name the last run
        %qwq_anchors RUN --sample ID --rollouts 10     and ten continuations from each border
        %qwq_anchors RUN --sample ID --cost            what it would cost
        """
        from qwq_nb.analysis.anchors.api import anchors

        words, given = self.parsed(line, ANCHORS, "qwq_anchors")
        out = given.pop("out", None)
        run = self.one_run(words, "qwq_anchors", out)
        if not given.get("sample"):
            raise OptionError("--sample ID says whose thoughts are measured; run.samples() lists the ids.")
        return anchors(run, **given)

    @documented((*SWEEP, *EXECUTOR))
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_sweep(self, line: str) -> Sweep:
        """Evaluate every combination of the given options on the same samples, to compare samplings or servers.

        %qwq_sweep math_500 --temperature 0.2,0.6,1.0 --top-k 20,40 --limit 50
        %qwq_sweep math_500 --endpoint full,quantised --limit 50
        %qwq_sweep code_editing --pairs "qwq; qwen; qwq+qwen"      models alone, and pairs of architect and editor
        %qwq_sweep math_500 --extra.thinking_token_budget 512,1024,2048     any field of the request
        """
        from qwq_nb.analysis.sweep.api import sweep

        fields = extra_options(tokens_of(line, self.variables))
        words, given = self.parsed(line, [*SWEEP, *EXECUTOR, *fields], "qwq_sweep")
        grid, options = grid_of(self.executors_in(given))
        if not {"endpoint", PAIRS} & set(grid):
            options = self._with_defaults(options)
        return sweep(*words, grid=grid, **options)

    @documented(SPEED)
    @no_var_expand
    @line_magic
    @user_errors
    def qwq_speed(self, line: str) -> SpeedTest:
        """Measure an endpoint's speed: time to first token, time per token, tokens per second, by concurrent streams.

        %qwq_speed --concurrency 1,8,32
        """
        from qwq_nb.analysis.speed.api import speed

        words, given = self.parsed(line, SPEED, "qwq_speed")
        if words:
            raise OptionError(f"%qwq_speed takes options only. To measure another endpoint: --endpoint {words[0]}")
        if given.pop("no_cache_hit", False):
            given["cache_hit"] = False
        return speed(**self._with_defaults(given))

    def _with_defaults(self, given: dict[str, Any]) -> dict[str, Any]:
        defaults: dict[str, Any] = {}
        if self._defaults.endpoint and not given.get("demo"):
            defaults["endpoint"] = self._defaults.endpoint
        if self._defaults.out:
            defaults["out"] = self._defaults.out
        return {**defaults, **given}
