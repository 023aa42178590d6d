"""Read the samples of EleutherAI's lm-evaluation-harness (`--log_samples`): `samples_<task>_<time>.jsonl`.

Format: the files of lm_eval 0.4.13 and its `loggers/evaluation_tracker.py`; `results_<time>.json` beside them tells the
model and the settings. The harness writes no finish reason, no token counts and no times.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.core.records import Message
from qwq_nb.store.imported.rows import ImportedRow, ImportedRun, messages_of, number_of, rows_of, text_of
from qwq_nb.store.jsonl import UNREADABLE, read_rows

__all__ = ["is_lm_eval", "read_lm_eval", "rows_of_doc", "sample_files"]

_SAMPLES: Final = re.compile(r"samples_(?P<task>.+?)_(?P<stamp>\d{4}-\d{2}-\d{2}T[\d\-.]+)\.jsonl")
_MOST_RESULTS: Final = 100_000_000
"""Bytes of a results file."""
_QUESTIONS: Final = ("problem", "question", "Question", "query", "prompt", "input")
_SAMPLING: Final = {"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "max_gen_toks": "max_tokens"}


def is_lm_eval(path: Path) -> bool:
    """Return whether a file, or a folder's files, are samples of lm-eval, by their names."""
    return bool(sample_files(path))


def sample_files(path: Path) -> list[Path]:
    """Return the sample files of a folder, or of the folders of models in it: those of the last run of each task."""
    if path.is_file():
        return [path] if _SAMPLES.fullmatch(path.name) else []
    if not path.is_dir():
        return []
    found = sorted(path.glob("samples_*.jsonl")) or sorted(path.glob("*/samples_*.jsonl"))
    last: dict[tuple[Path, str], Path] = {}
    for file in found:
        match = _SAMPLES.fullmatch(file.name)
        if match is not None:
            last[file.parent, match["task"]] = file
    return list(last.values())


def read_lm_eval(path: Path) -> ImportedRun:
    """Read the samples of one model. Of a folder with several models, the caller names one."""
    files = sample_files(path)
    rows: list[ImportedRow] = []
    notes: list[str] = ["lm-eval writes no finish reason, no token counts and no times: tokens are estimated."]
    metrics: dict[str, str] = {}
    problems: list[str] = []
    without_text = 0
    for file in files:
        match = _SAMPLES.fullmatch(file.name)
        assert match is not None  # by sample_files
        task = match["task"]
        filters: dict[str, int] = {}
        docs = list(_docs(file))
        for doc in docs:
            filters.setdefault(text_of(doc.get("filter")) or "none", len(filters))
        chosen = next(iter(filters), "none")
        if len(filters) > 1:
            notes.append(f"{task}: scores are those of the filter {chosen!r}; the log has {', '.join(filters)}.")
        docs = [doc for doc in docs if (text_of(doc.get("filter")) or "none") == chosen]
        without_text += sum(not _texts(doc) for doc in docs)
        rows += rows_of(docs, functools.partial(rows_of_doc, task=task), problems)
        metric = next((_metric(doc) for doc in docs if _metric(doc)), "")
        if metric:
            metrics[task] = metric
    if without_text:
        notes.append(f"{without_text:,} items were scored by log likelihood: they have no text, and are left out.")
    about = _results(files)
    return ImportedRun(
        tool=f"lm-eval {text_of(about.get('lm_eval_version'))}".strip(),
        model=text_of(about.get("model_name")) or (files[0].parent.name if files else "model"),
        created=_utc(about.get("date")),
        sampling=_sampling(about, rows),
        rows=rows,
        metrics=metrics,
        notes=notes,
        problems=problems,
    )


def _docs(file: Path) -> Iterator[dict[str, Any]]:
    for row in read_rows(file):
        if isinstance(row.get("doc"), dict) and isinstance(row.get("resps"), list):
            yield row


def rows_of_doc(doc: dict[str, Any], task: str) -> Iterator[ImportedRow]:
    """Yield a row for each answer to one document; none where the answers are log likelihoods."""
    source = doc["doc"]
    texts = _texts(doc)
    score = number_of(doc.get(_metric(doc)))
    filtered = doc.get("filtered_resps") or []
    messages = _messages(doc)
    identity = next((text_of(source[key]) for key in ("unique_id", "id", "task_id") if text_of(source.get(key))), "")
    target = doc.get("target")
    question = next((source[key] for key in _QUESTIONS if isinstance(source.get(key), str)), "")
    for repeat, text in enumerate(texts):
        # A score is that of all answers to a document together.
        alone = len(texts) == 1
        extracted = text_of(filtered[repeat], 4000) if len(filtered) == len(texts) else ""
        yield ImportedRow(
            task=task,
            problem=identity or text_of(doc.get("doc_id")),
            is_position=not identity,
            repeat=repeat,
            question=text_of(question) or "\n\n".join(m["content"] for m in messages if m["role"] == "user"),
            messages=messages,
            choices=[text_of(each) for each in source.get("choices") or [] if isinstance(each, str)],
            targets=[text_of(each) for each in (target if isinstance(target, list) else [target]) if text_of(each)],
            level=text_of(source.get("level")),
            content=text_of(text),
            score=score if alone else None,
            extracted="" if extracted in ("[invalid]", text_of(text, 4000)) else extracted,
        )


def _texts(doc: dict[str, Any]) -> list[str]:
    """Return the answers to a document; empty where they are log likelihoods."""
    texts = [text for group in doc["resps"] for text in (group if isinstance(group, list) else [group])]
    return texts if all(isinstance(text, str) for text in texts) else []


def _metric(doc: dict[str, Any]) -> str:
    metrics = doc.get("metrics")
    return text_of(metrics[0]) if isinstance(metrics, list) and metrics else ""


def _messages(doc: dict[str, Any]) -> list[Message]:
    """Return the prompt: messages of a chat, which the harness writes as a JSON text, or a plain text."""
    arguments = doc.get("arguments")
    first: Any = arguments
    for _ in range(3):
        if isinstance(first, dict):
            first = next(iter(first.values()), None)
        elif isinstance(first, list):
            first = next(iter(first), None)
    if not isinstance(first, str):
        return []
    try:
        found = messages_of(json.loads(first)) if first.startswith("[{") else []
    except (ValueError, RecursionError):
        found = []
    return found or [{"role": "user", "content": text_of(first)}]


def _results(files: list[Path]) -> dict[str, Any]:
    """Return the results file that was written with the samples; empty where there is none that can be read."""
    for file in files[-1:]:
        match = _SAMPLES.fullmatch(file.name)
        results = file.with_name(f"results_{match['stamp']}.json") if match else file
        try:
            if results.stat().st_size <= _MOST_RESULTS:
                return msgspec.json.decode(results.read_bytes(), type=dict[str, Any])
        except (OSError, *UNREADABLE):
            return {}
    return {}


def _sampling(about: dict[str, Any], rows: list[ImportedRow]) -> dict[str, Any]:
    configs = about.get("configs")
    task = configs.get(rows[0].task) if isinstance(configs, dict) and rows else None
    kwargs = (task.get("generation_kwargs") if isinstance(task, dict) else None) or {}
    overridden = (about.get("config") or {}).get("gen_kwargs")
    merged = {**kwargs, **(overridden if isinstance(overridden, dict) else {})}
    return {ours: merged[theirs] for theirs, ours in _SAMPLING.items() if number_of(merged.get(theirs)) is not None}


def _utc(seconds: Any) -> str:
    stamp = number_of(seconds)
    if stamp is None or not 0 < stamp < 1e11:
        return ""
    return datetime.datetime.fromtimestamp(stamp, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
