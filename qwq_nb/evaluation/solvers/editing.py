"""Edit the files of an exercise until its tests pass (the solver `editing`): one model alone, or two as a pair.

Alone, a model is given the instructions and the files, and replies with edits. As a pair, an architect is given them
and describes what to change; its answer, without its reasoning, is all that an editor gets beside the files. A reply
whose format is broken goes back to whoever wrote it, with what is wrong, up to three times in a try; so does one after
which a file is no Python. Then the tests are run, and if they fail, what they printed goes back for the next try. The
protocol is that of aider's benchmark (see `editing_prompts`).

All of it follows from the replies alone: run again with the same ones, it makes the same requests, so that a run that
was killed goes on where it was (`qwq_nb.store.turns`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from qwq_nb.core.records import Completion, Message, Sample, Verdict
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import OptionError, RequestRejected
from qwq_nb.evaluation.solvers import editing_prompts as prompts
from qwq_nb.evaluation.solvers.solver import Ask
from qwq_nb.evaluation.solvers.syntax_check import syntax_error
from qwq_nb.store.request import Editing, EvalRequest

__all__ = ["MOST_RETRIES", "EditingSolver"]

MOST_RETRIES: Final = 3
"""Times that a reply is sent back to its writer within a try."""


class EditingSolver:
    """Solve an exercise by edits of its files: `Sample.metadata["files"]` (name → text) are those before the first."""

    name = "editing"

    def __init__(self, editing: Editing | None = None) -> None:
        self.editing = editing or Editing()

    def for_request(self, request: EvalRequest) -> EditingSolver:
        """Return the solver with the format, the tries and the editor of a request."""
        return EditingSolver(request.editing)

    def identity(self) -> Mapping[str, Any]:
        """Return the version of the prompts; the options are part of the request's identity."""
        return {"prompts": prompts.prompts_version()}

    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        """Return the last reply; in a pair the editor's, with the architect's reasoning."""
        return await _Work(self.editing, sample, ask).done()


class _Work:
    """Hold the files of one sample while they are edited, and who is told what of them."""

    def __init__(self, editing: Editing, sample: Sample, ask: Ask) -> None:
        self.editing = editing
        self.ask = ask
        self.question = sample.messages[-1]["content"]
        self.files = files_of(sample)

    async def done(self) -> Completion:
        """Try until the tests pass, or the tries are used up."""
        pair = self.editing.editor is not None
        role = "architect" if pair else "solo"
        talk = _Talk(self, role, prompts.first_request(self.question, self.files, self.fence))
        last: Completion | None = None
        for number in range(1, self.editing.tries + 1):
            try:
                reply = await (self._planned(talk, number) if pair else self._edited(talk, number))
            except RequestRejected as exc:
                # What was tried before stands: the conversation has outgrown the context window.
                if exc.concerns != "length" or last is None:
                    raise
                return last
            last = reply
            verdict = await self._tested(last)
            if number == self.editing.tries or not has_failed(verdict):
                break
            assert verdict.execution is not None
            talk.answer(prompts.tests_failed_request(verdict.execution, talk.news(), self.files, self.fence, plan=pair))
        assert last is not None
        return last

    async def _tested(self, completion: Completion) -> Verdict:
        """Run the tests; once more where the grader or the sandbox failed, which says nothing of the answer."""
        verdict = await self.ask.check(completion)
        return verdict if verdict.status == "graded" else await self.ask.check(completion)

    async def _planned(self, talk: _Talk, number: int) -> Completion:
        """Ask the architect, and let the editor carry out what it says."""
        plan = await talk.ask(try_number=number)
        # Nothing is made of half a plan, or of none; the tests are run all the same.
        if plan.is_truncated or not plan.answer.strip():
            return plan
        assert self.editing.editor is not None
        editor = _Talk(
            self,
            "editor",
            prompts.editor_request(plan.answer, self.files, self.fence),
            endpoint=self.editing.editor.name,
        )
        edited = await self._edited(editor, number)
        return msgspec.structs.replace(edited, reasoning=plan.reasoning)

    async def _edited(self, talk: _Talk, number: int) -> Completion:
        """Ask for edits and make them, until a reply can be read and leaves Python behind."""
        from qwq_nb.bench.editing.formats.reply import read_reply

        for retry in range(MOST_RETRIES + 1):
            completion = await talk.ask(try_number=number, retry=retry)
            if completion.is_truncated:
                break  # half a file in the place of a whole one would do harm
            before = self.files
            self.files, edit = await asyncio.to_thread(read_reply, self.editing.format, completion.answer, before)
            if not edit.malformed:
                edit.syntax_error = await syntax_error({name: self.files[name] for name in edit.files})
            self.ask.edited(completion, edit)
            if edit.malformed:
                complaint = prompts.malformed_request(edit.malformed, talk.news(), self.fence)
            elif edit.syntax_error:
                complaint = prompts.syntax_request(edit.syntax_error, talk.news(), self.fence)
            else:
                break
            if retry < MOST_RETRIES:
                talk.answer(complaint)
        return completion

    @property
    def fence(self) -> tuple[str, str]:
        """Return the lines around a file's text, as the parsers expect them for the present files."""
        from qwq_nb.bench.editing.formats.parsed import fence_of

        return fence_of(self.files)


class _Talk:
    """Hold the conversation with one role, and the files as it was shown them last."""

    def __init__(self, work: _Work, role: str, request: str, *, endpoint: str | None = None) -> None:
        self._work = work
        self._role = role
        self._endpoint = endpoint
        system = (
            prompts.architect_system()
            if role == "architect"
            else prompts.system_of(role, work.editing.format, work.fence)
        )
        self.messages: list[Message] = [{"role": "system", "content": system}, {"role": "user", "content": request}]
        self._shown = dict(work.files)

    async def ask(self, *, try_number: int, retry: int = 0) -> Completion:
        """Return the next reply. Its answer goes into the conversation, its reasoning does not."""
        completion = await self._work.ask(
            self.messages, endpoint=self._endpoint, role=self._role, try_number=try_number, retry=retry
        )
        self.messages = [*self.messages, {"role": "assistant", "content": completion.answer}]
        return completion

    def answer(self, text: str) -> None:
        """Add what is said to a reply."""
        self.messages = [*self.messages, {"role": "user", "content": text}]

    def news(self) -> dict[str, str]:
        """Return the files that are not as they were shown last: those that the next request shows."""
        changed = {name: text for name, text in self._work.files.items() if self._shown.get(name) != text}
        self._shown = dict(self._work.files)
        return changed


def files_of(sample: Sample) -> dict[str, str]:
    """Return the files of an exercise as they are before any edit.

    Raises:
        OptionError: the sample has none: its benchmark is not one of edits.
    """
    files = sample.metadata.get("files")
    if not isinstance(files, dict) or not files or not all(isinstance(text, str) for text in files.values()):
        raise OptionError(f"{sample.id} has no files to edit: the solver `editing` is for code_editing.")
    return {str(name): text for name, text in files.items()}


def has_failed(verdict: Verdict) -> bool:
    """Return whether tests were run and did not pass: what they printed can be sent back."""
    execution = verdict.execution
    has_run = execution is not None and execution.status not in ("", "not_run", "passed")
    return verdict.status == "graded" and not verdict.correct and has_run
