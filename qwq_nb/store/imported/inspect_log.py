"""Read the logs of Inspect (`.eval`, a zip of JSON, and `.json`): one sample × epoch an answer.

Format: Inspect's documentation, "Eval Logs", and the files of inspect_ai 0.3.285, whose zip members are compressed by
zstd; older logs (deflate) are read too. Scores are turned into numbers as `inspect_ai.scorer.value_to_float` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.endpoint.delta import Usage
from qwq_nb.errors import UnknownRun
from qwq_nb.store.imported.rows import (
    MOST_ROWS,
    NOT_A_ROW,
    ImportedRow,
    ImportedRun,
    content_parts,
    messages_of,
    number_of,
    rows_of,
    text_of,
)

__all__ = ["is_inspect_log", "read_inspect_log", "row_of_sample"]

_LONGEST_MEMBER: Final = 256_000_000
"""Bytes of one file within a log, unpacked."""
_MOST_BYTES: Final = 20_000_000_000
"""Of all of a log's samples, unpacked."""
_LONGEST_JSON: Final = 2_000_000_000
_WORDS: Final = {"c": 1.0, "correct": 1.0, "yes": 1.0, "true": 1.0, "p": 0.5}
_WRONG: Final = {"i": 0.0, "incorrect": 0.0, "n": 0.0, "no": 0.0, "false": 0.0}
_SAMPLING: Final = ("temperature", "top_p", "top_k", "max_tokens", "seed", "frequency_penalty", "presence_penalty")


def is_inspect_log(path: Path) -> bool:
    """Return whether a file is a log of Inspect, by its beginning."""
    if path.suffix == ".eval":
        return True
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(4000)
    return b'"eval"' in head and b'"version"' in head and b'"status"' in head


def read_inspect_log(path: Path) -> ImportedRun:
    """Read a log.

    Raises:
        UnknownRun: it is no log of Inspect, or cannot be read.
    """
    problems: list[str] = []
    try:
        header, samples = _opened(path, problems)
        task = text_of((header.get("eval") or {}).get("task")) or path.stem
        scorer, metric = _headline(header)
        rows = rows_of(samples, lambda sample: [row_of_sample(sample, task, scorer)], problems)
    except (msgspec.DecodeError, msgspec.ValidationError, OSError, *NOT_A_ROW) as exc:
        raise UnknownRun(f"{path} cannot be read as a log of Inspect: {exc}.") from None
    about = header.get("eval") or {}
    plan = (header.get("plan") or {}).get("config") or {}
    config = {**plan, **(about.get("model_generate_config") or {})}
    version = text_of((about.get("packages") or {}).get("inspect_ai"))
    notes = [f"Scores are those of Inspect's scorer {scorer!r}."] if scorer else ["The log holds no scores."]
    if header.get("status") not in ("success", None):
        notes.append(f"Inspect's log says that the evaluation ended with the status {text_of(header['status'])!r}.")
    return ImportedRun(
        tool=f"Inspect {version}".strip(),
        model=re.sub(r"^(?:openai-api|openai|vllm|sglang|hf|ollama|openrouter|together)/", "", _model(about)),
        created=_utc(text_of(about.get("created"))),
        sampling={name: config[name] for name in _SAMPLING if number_of(config.get(name)) is not None},
        rows=rows,
        metrics={task: metric} if metric else {},
        notes=notes,
        problems=problems,
    )


def _opened(path: Path, problems: list[str]) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    if path.suffix == ".json":
        if path.stat().st_size > _LONGEST_JSON:
            raise ValueError(f"it has more than {_LONGEST_JSON:,} bytes")
        whole = decode(path.read_bytes())
        return whole, (sample for sample in whole.get("samples") or [] if isinstance(sample, dict))
    return _unpacked(path, problems)


def _unpacked(path: Path, problems: list[str]) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    zipfile = _zip_module()
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as exc:
        raise ValueError(f"it is no zip file ({exc})") from None
    members = {info.filename: info for info in archive.infolist()}

    def read(name: str) -> bytes:
        # What is written down as its size is not to be trusted.
        with archive.open(members[name]) as member:
            content: bytes = member.read(_LONGEST_MEMBER + 1)
        if len(content) > _LONGEST_MEMBER:
            raise ValueError(f"{name} in it has more than {_LONGEST_MEMBER:,} bytes")
        return content

    if "header.json" in members:
        header = decode(read("header.json"))
    elif "_journal/start.json" in members:
        # An evaluation that was cut off.
        header = {**decode(read("_journal/start.json")), "status": "cancelled"}
    else:
        raise ValueError("it holds no header.json")
    names = [name for name in members if name.startswith("samples/") and name.endswith(".json")]

    def samples() -> Iterator[dict[str, Any]]:
        total = 0
        with archive:
            for name in names[:MOST_ROWS]:
                try:
                    content = read(name)
                    total += len(content)
                    if total > _MOST_BYTES:
                        raise ValueError(f"its samples have more than {_MOST_BYTES:,} bytes")
                    yield decode(content)
                except (msgspec.DecodeError, msgspec.ValidationError, zipfile.BadZipFile, EOFError) as exc:
                    problems.append(f"{name} of the log could not be read: {exc}.")

    return header, samples()


def _zip_module() -> Any:
    """Return a `zipfile` that knows zstd: Python's own from 3.14 on."""
    import sys

    if sys.version_info >= (3, 14):
        import zipfile
    else:
        from backports.zstd import zipfile
    return zipfile


def _headline(header: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name of the score that counts, and that of its metric: the log's headline, else the first."""
    results = header.get("results") or {}
    headline = results.get("headline") or {}
    if headline.get("score"):
        return text_of(headline["score"]), text_of(headline.get("metric"))
    for score in results.get("scores") or []:
        return text_of(score.get("name")), next(iter(score.get("metrics") or {}), "")
    scorers = (header.get("eval") or {}).get("scorers") or []
    return (text_of(scorers[0].get("name")) if scorers else ""), ""


def row_of_sample(sample: dict[str, Any], task: str, scorer: str) -> ImportedRow:
    attachments = sample.get("attachments") or {}
    shown = _attached(sample, attachments)
    output = shown.get("output") or {}
    choice = next(iter(output.get("choices") or []), None) or {}
    reply = choice.get("message") or {}
    reasoning, content = content_parts(reply.get("content"))
    messages = messages_of([m for m in shown.get("messages") or [] if m != reply])
    while messages and messages[-1]["role"] == "assistant":
        messages.pop()
    scores = shown.get("scores") or {}
    score = scores.get(scorer) or next(iter(scores.values()), None) or {}
    metadata = shown.get("metadata") or {}
    target = shown.get("target")
    identity = shown.get("id")
    error = (shown.get("error") or {}).get("message") if isinstance(shown.get("error"), dict) else shown.get("error")
    limit = (shown.get("limit") or {}).get("type")
    return ImportedRow(
        task=task,
        problem=text_of(identity),
        is_position=isinstance(identity, int),
        repeat=max(0, int(number_of(shown.get("epoch")) or 1) - 1),
        question=_question(shown.get("input")),
        messages=messages,
        choices=[text_of(each) for each in shown.get("choices") or []],
        targets=[text_of(each) for each in (target if isinstance(target, list) else [target])],
        level=text_of(metadata.get("level") if "level" in metadata else metadata.get("subset")),
        reasoning=reasoning,
        content=content,
        finish_reason="length" if limit == "token" else text_of(choice.get("stop_reason")) or None,
        usage=_usage(output.get("usage")),
        latency_s=number_of(output.get("time")),
        attempts=1 + len(shown.get("error_retries") or []),
        model=text_of(output.get("model")),
        score=_value(score.get("value")),
        extracted=text_of(score.get("answer"), 4000),
        explanation=text_of(score.get("explanation"), 4000),
        error=text_of(error) or text_of(output.get("error")),
    )


def _attached(value: Any, attachments: Mapping[str, Any]) -> Any:
    """Return a sample with the texts that its log keeps apart put back; events are left out."""
    if isinstance(value, str):
        if value.startswith("attachment://"):
            return attachments.get(value.removeprefix("attachment://"), value)
        return value
    if isinstance(value, list):
        return [_attached(each, attachments) for each in value]
    if isinstance(value, dict):
        left_out = ("events", "attachments", "events_data", "store", "timelines")
        return {key: _attached(each, attachments) for key, each in value.items() if key not in left_out}
    return value


def _question(given: Any) -> str:
    if isinstance(given, str):
        return text_of(given)
    users = [message["content"] for message in messages_of(given) if message["role"] == "user"]
    return "\n\n".join(users)


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None

    def count(name: str) -> int | None:
        found = number_of(usage.get(name))
        return None if found is None else int(found)

    return Usage(
        prompt_tokens=count("input_tokens"),
        completion_tokens=count("output_tokens"),
        reasoning_tokens=count("reasoning_tokens"),
        total_tokens=count("total_tokens"),
        cached_tokens=count("input_tokens_cache_read"),
    )


def _value(value: Any) -> float | None:
    """Return a score's value as a number: Inspect's letters C, I, P, N, its words, or a number."""
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _WORDS or word in _WRONG:
            return _WORDS.get(word, _WRONG.get(word))
        try:
            return number_of(float(word))
        except ValueError:
            return None
    if isinstance(value, dict | list):
        # Several values of one scorer: the first of them.
        return _value(next(iter(value.values() if isinstance(value, dict) else value), None))
    return number_of(value)


def _model(about: Mapping[str, Any]) -> str:
    return re.sub(r"^openai-api/[^/]+/", "", text_of(about.get("model"))) or "model"


def _utc(stamp: str) -> str:
    import datetime

    try:
        found = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        return ""
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.timezone.utc)
    return found.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
