"""Look up published scores of reasoning models, each with the document that reports it.

The scores are in `references.json` beside this module: shares 0…1, with the number of problems where the document
prints it. They are for orientation: prompts, sampling and graders differ from a run's own.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qwq_nb.core.run_record import SubsetRow

__all__ = ["references_for", "references_of"]

_WORDS = re.compile(r"[-_:.@ ()]+")
_SAME_MODEL = re.compile(
    r"awq|gptq|gguf|mlx|exl\d|bnb|unsloth|quantized|dynamic|free|latest|fast"  # formats, repackers, tariffs
    r"|(?:int|fp|bf|nvfp|mxfp)\d+|\d+bit|w\d+a\d+|i?q\d+\w*|[ksml01]|x[sl]|xxs"  # numbers' widths, llama.cpp's names
)
"""Words after a model's name that say how it is packed or served, not that it is another model."""


@functools.cache
def _published() -> list[dict[str, Any]]:
    """Read all rows: model, benchmark, subset, score (0…1), n or None, source, sampling or None."""
    data = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    rows = []
    for score in data["scores"]:
        source = data["sources"][score["source"]]
        cite = f"{source['cite']}; {score['note']}" if "note" in score else source["cite"]
        rows.append(
            {
                "benchmark": score["benchmark"],
                "subset": score["subset"],
                "model": score["model"],
                "score": score["score"],
                "source": cite,
                "n": score.get("n"),
                "sampling": source.get("sampling"),
            }
        )
    return rows


def references_for(benchmarks: Iterable[str], model: str | None = None) -> list[dict[str, Any]]:
    """Return published scores on `benchmarks` of the model that is served as `model`, or of every model (None).

    A row has benchmark, subset (evalscope's name, or `all`), model (its published name), score (0…1), source (the
    document), n (problems, None where the document does not say) and sampling (in words, or None).
    """
    wanted = set(benchmarks)
    rows = [dict(row) for row in _published() if row["benchmark"] in wanted]
    if model is None:
        return rows
    name = published_name(model)
    return [row for row in rows if row["model"] == name]


def references_of(rows: Iterable[SubsetRow], model: str, *, whole: bool) -> list[dict[str, Any]]:
    """Return the published scores that belong beside a row of a run's table.

    `whole`: the run is not confined to some levels or subsets. The `all` of a part is not what was published, and is
    not compared with it.
    """
    shown = {(row.benchmark, row.subset) for row in rows if whole or row.subset != "all"}
    benchmarks = dict.fromkeys(benchmark for benchmark, _ in shown)
    return [r for r in references_for(benchmarks, model) if (r["benchmark"], r["subset"]) in shown]


@functools.lru_cache(maxsize=64)
def published_name(model: str) -> str | None:
    """Return the published name of what a server calls `model`, or None.

    `Qwen/QwQ-32B-AWQ`, `qwq:32b-q4_K_M` and `/models/QwQ-32B-Q4_K_M.gguf` are QwQ-32B; `QwQ-32B-Preview` and a
    fine-tune of it are not.
    """
    served = _words(re.split(r"[/\\]", model)[-1])
    for name in sorted({row["model"] for row in _published()}, key=len, reverse=True):
        for cut in range(len(served), 0, -1):
            same = "".join(served[:cut]) == "".join(_words(name))
            if same and all(_SAME_MODEL.fullmatch(word) for word in served[cut:]):
                return str(name)
    return None


def _words(name: str) -> list[str]:
    return [word for word in _WORDS.split(name.lower()) if word]
