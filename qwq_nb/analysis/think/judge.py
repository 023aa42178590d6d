"""Ask an LLM judge for the position of the first correct answer, compatible with thinkbench's files.

evalscope's thinkbench (`evalscope/third_party/thinkbench/eval.py`, 1.14) cuts the reasoning into paragraphs, lets a
judge model name the first that holds the correct answer, and takes what stands before that paragraph as T_hat. The
prompts are read from the installed evalscope, so that they are the same; `answer_index.jsonl` in the run's directory is
its file of verdicts, read and appended to: what was judged there is not asked again.

Three peculiarities of thinkbench are kept: T_hat ends before the paragraph, keywords match in lower case only, and a
reasoning with no correct answer found has no position. One is not: a judge that fails ends the call here, and is not
written down as "not found".
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from qwq_nb.core.event_loop import all_of, shared_event_loop
from qwq_nb.core.outcomes import is_answered
from qwq_nb.core.records import SampleResult
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import WorkerError
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.trace.thoughts import thinkbench_parts

__all__ = ["FILE", "Split", "judged"]

FILE = "answer_index.jsonl"
Split = Literal["separator", "keywords", "llm"]
AT_ONCE = 16
_BOX = re.compile(r"\\boxed\{([^}]*)\}")


def judged(
    results: list[SampleResult],
    judge: Endpoint,
    directory: RunDirectory,
    *,
    split: Split = "separator",
    tell: Callable[[str], None] | None = None,
) -> dict[tuple[str, int], int | None]:
    """Return the position of the first correct paragraph of each result that has reasoning, by (sample id, repeat).

    A position is the number of characters before the paragraph; None where the judge found none.

    Raises:
        EndpointError: the judge failed after all retries. Its answers until then are kept.
    """
    return shared_event_loop().call(_Judge(judge, directory, split, tell or (lambda _: None)).all(results))


def template(name: str) -> str:
    """Read a prompt of the installed evalscope, which is not imported.

    Raises:
        WorkerError: evalscope or the prompt is not there.
    """
    spec = importlib.util.find_spec("evalscope")
    for root in (spec.submodule_search_locations or []) if spec else []:
        file = Path(root, "third_party", "thinkbench", "resources", name)
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise WorkerError(f"The installed evalscope has no {name} of thinkbench: the judge's prompt is missing.")


def filled(text: str, **fields: str) -> str:
    """Fill the fields of a template as `str.format` does, without reading braces within the fields' own text."""
    parts = re.split(r"\{(\w+)\}", text.replace("{{", "\0").replace("}}", "\1"))
    done = [fields.get(part, f"{{{part}}}") if i % 2 else part for i, part in enumerate(parts)]
    return "".join(part if i % 2 else part.replace("\0", "{").replace("\1", "}") for i, part in enumerate(done))


def index_in(text: str) -> int:
    """Return the number in the last box, or -1."""
    boxes = _BOX.findall(text)
    numbers = re.findall(r"-?\d+", boxes[-1]) if boxes else []
    return int(numbers[-1]) if numbers else -1


class _Judge:
    def __init__(self, endpoint: Endpoint, directory: RunDirectory, split: Split, tell: Callable[[str], None]) -> None:
        self.endpoint = endpoint
        self.folder = directory.folder
        self.split = split
        self.tell = tell
        self.known: dict[str, int] = {}
        directory.repair(FILE)
        for row in directory.rows(FILE):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                self.known[str(row["prompt"])] = int(row["answer_index"])
        self.critique = template("critique_template.txt")
        self.reformat = template("reformat_template.txt") if split == "llm" else ""

    async def all(self, results: list[SampleResult]) -> dict[tuple[str, int], int | None]:
        wanted = [r for r in results if r.completion and r.completion.reasoning and is_answered(r.outcome)]
        slots = asyncio.Semaphore(AT_ONCE)
        found: dict[tuple[str, int], int | None] = {}
        async with ChatClient(self.endpoint, connections=AT_ONCE) as client:

            async def one(result: SampleResult) -> None:
                async with slots:
                    found[result.sample.id, result.repeat] = await self.position(client, result)
                self.tell(f"judging the reasoning: {len(found)} of {len(wanted)}")

            await all_of(map(one, wanted))
        return found

    async def position(self, client: ChatClient, result: SampleResult) -> int | None:
        assert result.completion is not None
        problem, reasoning = result.sample.question, result.completion.reasoning
        parts = await self.parts(client, problem, reasoning)
        tagged = "\n\n".join(f"<paragraph_{i}>\n{part}\n</paragraph_{i}>" for i, part in enumerate(parts))
        prompt = filled(self.critique, problem=problem, answer=result.sample.gold, tagged_response=tagged)
        index = self.known.get(prompt)
        if index is None:
            said = (await client.complete([{"role": "user", "content": prompt}])).answer
            index = index_in(said)
            self.keep(prompt, said, index)
        if not 0 <= index < len(parts):
            return None
        return min(len(reasoning), len("\n\n".join(parts[:index])))

    async def parts(self, client: ChatClient, problem: str, reasoning: str) -> list[str]:
        if self.split != "llm":
            return thinkbench_parts(reasoning, self.split)
        flat = reasoning.replace("\n", " ")
        prompt = filled(self.reformat, problem=problem, response=flat)
        said = (await client.complete([{"role": "user", "content": prompt}])).answer
        return said.split("\n\n") if said else [flat]

    def keep(self, prompt: str, said: str, index: int) -> None:
        self.known[prompt] = index
        row = {"prompt": prompt, "response": said, "answer_index": index}
        with self.folder.append(FILE) as file:
            file.write(msgspec.json.encode(row) + b"\n")
