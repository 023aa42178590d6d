"""List and check the names of benchmarks: evalscope's, and those that were registered."""

from __future__ import annotations

from qwq_nb.bench.evalscope_index import evalscope_names
from qwq_nb.bench.evalscope_index import subset_names as evalscope_subsets
from qwq_nb.bench.registry import BENCHMARKS, own_names
from qwq_nb.bench.tools.instead import instead_of
from qwq_nb.errors import UnknownBenchmark, did_you_mean

__all__ = ["ALIASES", "benchmark_names", "check_name", "is_withheld", "is_withheld_name", "subset_names"]

ALIASES = {
    "aime": "aime24",
    "aime2024": "aime24",
    "aime2025": "aime25",
    "aime_2024": "aime24",
    "aime_2025": "aime25",
    "bfcl": "bfcl_ast",
    "gpqa": "gpqa_diamond",
    "human_eval": "humaneval",
    "lcb": "live_code_bench",
    "livecodebench": "live_code_bench",
    "math": "math_500",
    "maze": "alphamaze",
    "maze_bench": "alphamaze",
    "mazebench": "alphamaze",
    "mazes": "alphamaze",
    "math500": "math_500",
    "mmlupro": "mmlu_pro",
}
"""Other common spellings, and the name to write. They are suggested, not accepted."""


_ALSO = {"humanevalplus": "humaneval_plus", "mbppplus": "mbpp_plus"}
"""Names that are accepted beside evalscope's own."""


def benchmark_names() -> list[str]:
    """Return the names that `evaluate` and `%qwq_eval` know, sorted: evalscope's, and those that were registered.

    Some of evalscope's cannot be run by one chat completion per question; `evaluate` then says so, and why.
    """
    return sorted({*evalscope_names(), *own_names()})


def is_withheld_name(name: str) -> bool:
    """Return whether an evalscope benchmark's texts are withheld: GPQA's three and HLE, whose authors ask not to
    publish them, and LiveCodeBench, whose statements belong to AtCoder, Codeforces and LeetCode.

    Also the rule for run directories whose manifest does not record it: older ones, and evalscope's own.
    """
    return name.lower().startswith(("gpqa", "live_code_bench")) or name.lower() == "hle"


def is_withheld(name: str) -> bool:
    """Return whether a benchmark's texts are withheld from outputs, before a run's manifest records it.

    A registered benchmark is imported for it; one that cannot be imported counts as withheld.
    """
    if name not in own_names():
        return is_withheld_name(name)
    try:
        return bool(BENCHMARKS.get(name).withheld)
    except Exception:  # the user's module may raise anything; its texts must not be shown by mistake
        return True


def subset_names(name: str) -> list[str]:
    """Return the subsets of a benchmark, for completion; empty if they are not known without loading it.

    A registered benchmark is imported for it.
    """
    if name not in own_names():
        return evalscope_subsets(name)
    try:
        return [str(subset) for subset in BENCHMARKS.get(name).subsets()]
    except Exception:  # the user's module may raise anything, and completion cannot report it
        return []


def check_name(name: str) -> str:
    """Check that a benchmark of this name is known, and return the name.

    The names of the folders in which evalscope has its benchmarks of EvalPlus are accepted, too.

    Raises:
        UnknownBenchmark: neither evalscope nor `register_benchmark` knows it; the message has the nearest name. Or it
            is one of tool calls that cannot be run here; the message has the one that can.
    """
    if why := instead_of(name):
        raise UnknownBenchmark(why)
    names = benchmark_names()
    if name in names:
        return name
    if (meant := _ALSO.get(name, "")) in names:
        return meant
    alias = ALIASES.get(name.casefold().replace("-", "_"))
    listed = "`qwq_nb.benchmark_names()` lists all of them; `register_benchmark` makes one of your own known."
    near = f" Did you mean {alias!r}?" if alias in names else did_you_mean(name, names, many=listed)
    raise UnknownBenchmark(f"evalscope has no benchmark named {name!r}.{near}")
