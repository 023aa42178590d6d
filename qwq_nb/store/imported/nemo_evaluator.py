"""Read the results of NVIDIA's NeMo Evaluator: `results.jsonl`, a row a problem × repeat, beside `eval-*.json`.

Format: NeMo Evaluator's documentation, "Evaluation Result Format", and the files of nemo-evaluator 0.3.0. It keeps no
reasoning that a server sends in a field of its own; finish reasons and token counts are in `trajectories.jsonl`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.endpoint.delta import Usage
from qwq_nb.store.imported.rows import ImportedRow, ImportedRun, number_of, rows_of, text_of
from qwq_nb.store.jsonl import UNREADABLE, read_rows

__all__ = ["is_nemo_evaluator", "read_nemo_evaluator", "rows_of_result"]

_RESULTS: Final = "results.jsonl"
_BUNDLES: Final = "eval-*.json"
_MOST_BUNDLE: Final = 100_000_000


def is_nemo_evaluator(path: Path) -> bool:
    """Return whether a folder, or the folders in it, hold results beside a bundle; or a file is one of these two."""
    return bool(_folders(path))


def _folders(path: Path) -> list[Path]:
    if path.is_file():
        is_its = path.name == _RESULTS or path.match(_BUNDLES)
        return [path.parent] if is_its and _is_one(path.parent) else []
    if not path.is_dir():
        return []
    return [path] if _is_one(path) else [folder for folder in sorted(path.iterdir()) if _is_one(folder)]


def _is_one(folder: Path) -> bool:
    return folder.is_dir() and (folder / _RESULTS).is_file() and any(folder.glob(_BUNDLES))


def read_nemo_evaluator(path: Path) -> ImportedRun:
    """Read the results of one model, of one benchmark or of several."""
    rows: list[ImportedRow] = []
    problems: list[str] = []
    about: dict[str, Any] = {}
    for folder in _folders(path):
        about = _bundle(folder)
        task = text_of((about.get("benchmark") or {}).get("name")) or folder.name
        details = {_key(row): row for row in read_rows(folder / "trajectories.jsonl")}
        rows += rows_of(
            read_rows(folder / _RESULTS), functools.partial(rows_of_result, details=details, task=task), problems
        )
    notes: list[str] = []
    if not any(row.reasoning or "</think>" in row.content for row in rows):
        notes.append("NeMo Evaluator kept no reasoning: what a server sends in a field of its own is not written.")
    if all(row.finish_reason is None for row in rows):
        notes.append("There is no finish reason: whether a limit cut an answer is not known.")
    config = about.get("config") or {}
    stamp = text_of(about.get("timestamp"))[:19]
    return ImportedRun(
        tool=f"NeMo-Evaluator {text_of(about.get('sdk_version'))}".strip(),
        model=text_of(config.get("model")) or next((row.model for row in rows if row.model), "model"),
        created=f"{stamp}Z" if len(stamp) == 19 else "",
        sampling={name: config[name] for name in ("temperature", "top_p", "max_tokens") if number_of(config.get(name))},
        rows=rows,
        notes=notes,
        problems=problems,
    )


def _key(row: dict[str, Any]) -> tuple[str, int]:
    return text_of(row.get("problem_idx")), int(number_of(row.get("repeat")) or 0)


def rows_of_result(
    row: dict[str, Any], details: Mapping[tuple[str, int], dict[str, Any]], task: str
) -> list[ImportedRow]:
    """Return the answer in a row; an empty list where it is none."""
    is_one = bool(text_of(row.get("problem_idx"))) and "reward" in row
    return [_row(row, details.get(_key(row), {}), task)] if is_one else []


def _row(row: dict[str, Any], details: dict[str, Any], task: str) -> ImportedRow:
    problem, repeat = _key(row)
    metadata = row.get("metadata") or details.get("seed_metadata") or {}
    scoring = row.get("scoring_details") or {}
    reply = details.get("model") or {}
    identity = text_of(metadata.get("unique_id")) or text_of(metadata.get("id"))
    question = next((text for key in ("problem", "question") if (text := text_of(metadata.get(key)))), "")
    prompt = text_of(row.get("prompt"))
    failed = text_of(details.get("error")) or (text_of(details.get("failure_category")) if not reply else "")
    latency = number_of(row.get("latency_ms"))
    return ImportedRow(
        task=task,
        problem=identity or problem,
        is_position=not identity,
        repeat=repeat,
        question=question or prompt,
        messages=[{"role": "user", "content": prompt or question}],
        choices=[text_of(each) for each in metadata.get("choices") or [] if isinstance(each, str)],
        targets=[text for text in [text_of(row.get("expected_answer"))] if text],
        level=text_of(metadata.get("level")) or text_of(metadata.get("category")) or text_of(scoring.get("category")),
        reasoning="\n\n".join(_reasoning(row.get("trajectory") or details.get("trajectory"))),
        content=text_of(row.get("model_response")) or text_of(reply.get("content")),
        finish_reason=text_of(reply.get("finish_reason")) or None,
        usage=_usage(reply.get("tokens")),
        latency_s=None if latency is None else latency / 1000,
        model=text_of(reply.get("model")),
        attempts=1 + int(number_of(details.get("retries")) or 0),
        score=number_of(row.get("reward")),
        extracted=text_of(row.get("extracted_answer"), 4000),
        error=failed if not text_of(row.get("model_response")) else "",
    )


def _reasoning(trajectory: Any) -> Iterator[str]:
    """Yield the reasoning of the agent's steps (ATIF), where the evaluator kept it."""
    for part in trajectory if isinstance(trajectory, list) else []:
        for step in (part.get("steps") or []) if isinstance(part, dict) else []:
            if isinstance(step, dict) and (text := text_of(step.get("reasoning_content"))):
                yield text


def _usage(tokens: Any) -> Usage | None:
    if not isinstance(tokens, dict):
        return None

    def count(name: str) -> int | None:
        found = number_of(tokens.get(name))
        return None if found is None else int(found)

    return Usage(
        prompt_tokens=count("prompt"), completion_tokens=count("completion"), reasoning_tokens=count("reasoning")
    )


def _bundle(folder: Path) -> dict[str, Any]:
    """Return the newest bundle of a folder; empty where none can be read."""
    for file in sorted(folder.glob(_BUNDLES), reverse=True):
        try:
            if file.stat().st_size <= _MOST_BUNDLE:
                return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        except (OSError, *UNREADABLE):
            continue
    return {}
