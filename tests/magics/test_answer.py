"""What `%%qwq` says of a completion without an answer."""

from __future__ import annotations

from qwq_nb.core.records import Completion
from qwq_nb.magics.answer import completion_text


def test_a_completion_that_the_context_window_cut_says_what_to_raise() -> None:
    cut = Completion(
        reasoning="Let me", finish_reason="length", cut_by_server=True, prompt_tokens=189, reasoning_tokens=67
    )
    said = completion_text(cut)
    assert "the server's context window cut it (prompt + answer = 256 tokens)" in said
    assert "llama.cpp: -c" in said
    assert "--max-tokens" not in said
    cut.cut_by_server = False
    assert "a higher one is set by --max-tokens" in completion_text(cut)
