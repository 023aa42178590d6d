"""Read the details of lighteval (`--save-details`): a `.parquet` file for each task, a row a document.

Format: the files of lighteval 0.13; `results/<model>/results_<time>.json` tells model and sampling. A task with several
samples a document has one score for all of them. lighteval writes no finish reason, no times, and token counts only of
models that it runs itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.core.records import Message
from qwq_nb.endpoint.delta import Usage
from qwq_nb.errors import UnknownRun
from qwq_nb.store.imported.rows import ImportedRow, ImportedRun, messages_of, number_of, rows_of, text_of
from qwq_nb.store.jsonl import UNREADABLE

__all__ = ["details_files", "is_lighteval", "read_lighteval", "rows_of_document"]

_DETAILS: Final = re.compile(r"details_(?P<task>.+)_(?P<stamp>\d{4}-\d{2}-\d{2}T[\d\-.]+)\.parquet")
_MOST_RESULTS: Final = 100_000_000
_MOST_BYTES: Final = 4_000_000_000
"""Of a details file."""
_SAMPLING: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "max_new_tokens": "max_tokens",
    "seed": "seed",
}


def is_lighteval(path: Path) -> bool:
    """Return whether a file, or a folder's files, are details of lighteval, by their names."""
    return bool(details_files(path))


def details_files(path: Path) -> list[Path]:
    """Return the details files of a folder, of lighteval's output folder or of a part of it: the last of each task."""
    if path.is_file():
        return [path] if _DETAILS.fullmatch(path.name) else []
    if not path.is_dir():
        return []
    patterns = ("details_*.parquet", "*/details_*.parquet", "details/**/details_*.parquet")
    found = next((files for pattern in patterns if (files := sorted(path.glob(pattern)))), [])
    last: dict[str, Path] = {}
    for file in found:
        match = _DETAILS.fullmatch(file.name)
        if match is not None:
            last[match["task"]] = file
    return list(last.values())


def read_lighteval(path: Path) -> ImportedRun:
    """Read the details of one model.

    Raises:
        UnknownRun: a file is no parquet file, or has other columns.
    """
    files = details_files(path)
    rows: list[ImportedRow] = []
    metrics: dict[str, str] = {}
    problems: list[str] = []
    without_text = 0
    for file in files:
        match = _DETAILS.fullmatch(file.name)
        assert match is not None  # by details_files
        task = match["task"]
        documents = list(_documents(file))
        without_text += sum(not _texts(document) for document in documents)
        rows += rows_of(documents, functools.partial(rows_of_document, task=task), problems)
        metrics[task] = next((text_of(name) for each in documents for name in each.get("metric") or {}), "")
    notes = ["lighteval writes no finish reason and no times; tokens that it did not count are estimated."]
    if without_text:
        notes.append(f"{without_text:,} documents were scored by log likelihood: they have no text, and are left out.")
    about = _results(files[-1]) if files else {}
    config = about.get("model_config") or {}
    parameters = config.get("generation_parameters") or {}
    return ImportedRun(
        tool="lighteval",
        model=re.sub(r"^(?:openai|hosted_vllm|together_ai)/", "", text_of(about.get("model_name"))) or "model",
        sampling={ours: parameters[name] for name, ours in _SAMPLING.items() if number_of(parameters.get(name))},
        rows=rows,
        metrics={task: metric for task, metric in metrics.items() if metric},
        notes=notes,
        problems=problems,
    )


def _documents(file: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
        with pq.ParquetFile(file) as parquet:
            missing = {"doc", "metric", "model_response"} - set(parquet.schema_arrow.names)
            if missing:
                raise ValueError(f"it has no column {', '.join(sorted(missing))}")
            for batch in parquet.iter_batches(batch_size=200, columns=["doc", "metric", "model_response"]):
                yield from batch.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as exc:
        raise UnknownRun(f"{file} cannot be read as details of lighteval: {exc}.") from None


def rows_of_document(document: dict[str, Any], task: str) -> Iterator[ImportedRow]:
    """Yield a row for each answer to one document; none where the answers are log likelihoods."""
    doc, response = document.get("doc") or {}, document.get("model_response") or {}
    texts = _texts(document)
    scores = document.get("metric") or {}
    score = number_of(next(iter(scores.values()), None))
    choices = [text_of(each) for each in doc.get("choices") or []]
    golds = doc.get("gold_index")
    indices = golds if isinstance(golds, list) else [golds]
    targets = [choices[index] for index in indices if isinstance(index, int) and 0 <= index < len(choices)]
    specific = doc.get("specific") or {}
    extracted = [text_of(each) for each in specific.get("extracted_predictions") or []]
    reasonings = response.get("reasonings") or []
    tokens = response.get("output_tokens") or []
    for repeat, text in enumerate(texts):
        alone = len(texts) == 1
        count = tokens[repeat] if repeat < len(tokens) and isinstance(tokens[repeat], list) else []
        yield ImportedRow(
            task=task,
            problem=text_of(doc.get("id")) or text_of(doc.get("query")),
            # Its ids are positions in the data set as it was shuffled or filtered.
            is_position=text_of(doc.get("id")).isdigit(),
            repeat=repeat,
            question=text_of(doc.get("original_query")) or text_of(doc.get("query")),
            messages=_messages(response.get("input"), doc),
            choices=choices if len(choices) > 1 else [],
            targets=_as_letters(targets, choices) if len(choices) > 1 else targets,
            reasoning=text_of(reasonings[repeat]) if repeat < len(reasonings) else "",
            content=text,
            usage=Usage(completion_tokens=len(count)) if count else None,
            score=score if alone else None,
            extracted=extracted[-1] if extracted and alone else "",
        )


def _texts(document: dict[str, Any]) -> list[str]:
    """Return the answers to a document; empty where they are log likelihoods."""
    doc, response = document.get("doc") or {}, document.get("model_response") or {}
    if doc.get("use_logits") is True and response.get("logprobs"):
        return []
    return [text for text in response.get("text") or [] if isinstance(text, str)]


def _as_letters(targets: list[str], choices: list[str]) -> list[str]:
    """Return the letters of choices whose texts are long; choices that are letters themselves stay."""
    if all(len(choice.strip()) <= 2 for choice in choices) or len(choices) > 26:
        return [target.strip() for target in targets]
    return [chr(ord("A") + choices.index(target)) for target in targets]


def _messages(given: Any, doc: dict[str, Any]) -> list[Message]:
    found = messages_of(given)
    text = text_of(given) or text_of(doc.get("query"))
    return found or [{"role": "user", "content": text}]


def _results(file: Path) -> dict[str, Any]:
    """Return what `results_<time>.json` says of the model; empty where there is none that can be read."""
    match = _DETAILS.fullmatch(file.name)
    assert match is not None  # by details_files
    # <output>/details/<model>/<time>/details_….parquet, <output>/results/<model>/results_<time>.json
    model = list(file.parts)
    if "details" not in model:
        return {}
    at = len(model) - 1 - model[::-1].index("details")
    results = Path(*model[:at], "results", *model[at + 1 : -2], f"results_{match['stamp']}.json")
    try:
        if results.stat().st_size > _MOST_RESULTS:
            return {}
        whole = msgspec.json.decode(results.read_bytes(), type=dict[str, Any])
    except (OSError, *UNREADABLE):
        return {}
    general = whole.get("config_general")
    return general if isinstance(general, dict) else {}
