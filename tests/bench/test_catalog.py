"""Names of benchmarks, and what the kernel side may import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.catalog import ALIASES, benchmark_names, check_name
from qwq_nb.bench.evalscope_index import evalscope_folder, evalscope_names, subset_names
from qwq_nb.bench.registry import BUILT_IN
from qwq_nb.errors import UnknownBenchmark


@pytest.mark.long
def test_names_are_those_of_the_registry(with_evalscope: Callable[..., Any]) -> None:
    code = "from evalscope.benchmarks import load_all, BENCHMARK_REGISTRY, _INDEX\nresult = sorted(_INDEX)\n"
    assert benchmark_names() == sorted([*with_evalscope(code), *BUILT_IN])
    assert len(benchmark_names()) > 250


def test_without_its_index_the_sources_are_read(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    for folder in (evalscope_folder() / "benchmarks").iterdir():
        if folder.is_dir():
            (tmp_path / "benchmarks" / folder.name).symlink_to(folder)
    found, known = set(evalscope_names(tmp_path)), set(evalscope_names())
    assert len(found & known) > 0.9 * len(known)
    assert {"math_500", "aime24", "aime25", "gpqa_diamond", "gsm8k", "hmmt25"} & known <= found


@pytest.mark.parametrize(
    ("written", "suggested"),
    [
        ("math500", "math_500"),
        ("aime_2024", "aime24"),
        ("gpqa", "gpqa_diamond"),
        ("gsm-8k", "gsm8k"),
        ("mmlu-pro", "mmlu_pro"),
    ],
)
def test_another_spelling_is_suggested_not_taken(written: str, suggested: str) -> None:
    with pytest.raises(UnknownBenchmark, match=f"Did you mean '{suggested}'"):
        check_name(written)


def test_a_name_like_no_other_does_not_print_the_whole_list() -> None:
    with pytest.raises(UnknownBenchmark) as raised:
        check_name("zzzzqqqq")
    assert len(str(raised.value)) < 300


def test_known_names_and_subsets() -> None:
    assert check_name("math_500") == "math_500"
    assert subset_names("math_500") == [f"Level {n}" for n in range(1, 6)]
    assert set(ALIASES.values()) <= set(benchmark_names())


def test_the_kernel_side_imports_nothing_heavy() -> None:
    code = (
        "import sys, qwq_nb.bench.catalog as b; b.benchmark_names()\n"
        "heavy = {'evalscope', 'pandas', 'numpy', 'pyarrow', 'datasets', 'math_verify'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
