"""From a prompt to the transcript it asks for, and from the transcript to tokens."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import LOOP_TOKENS, Transcript, Transcripts, Variant, built_in, split_tokens
from qwq_nb.errors import DataError
from tests.demo.client import Client, join_deltas

pytestmark = pytest.mark.filterwarnings("error")

REASONING = "Okay, 17 + 25.\n\nWait, 17 + 25 = 42."
ANSWER = "The sum is \\boxed{42}, which is even."


# From prompt to transcript


def test_a_problem_is_found_in_any_template_whatever_its_white_space(client: Client) -> None:
    for prompt in (
        "What is the sum of the numbers $17$ and $25$, and is it even?",
        "**Problem:**What is the sum of\n\n the numbers $17$ and  $25$, and is it even?.Answer:",
        [{"type": "text", "text": "Solve:"}, {"type": "text", "text": client.body()["messages"][0]["content"]}],
    ):
        messages = [{"role": "system", "content": "Hm?"}, {"role": "user", "content": prompt}]
        assert client.post(messages=messages, seed=0).json()["choices"][0]["message"]["content"] == ANSWER


def test_of_two_problems_in_a_prompt_the_longer_one_is_meant(client: Client) -> None:
    content = client.post("sum-longer").json()["choices"][0]["message"]["content"]
    assert content == "\\boxed{101010}"


def test_the_last_user_message_is_the_prompt(client: Client) -> None:
    first, last = (client.body(key)["messages"][0] for key in ("sum", "tiny"))
    messages = [first, {"role": "assistant", "content": "42"}, last]
    assert client.post(messages=messages).json()["choices"][0]["message"]["content"] == "Yes."


def test_an_unknown_prompt_gets_an_answer_without_number_or_box(client: Client) -> None:
    message = client.post(messages=[{"role": "user", "content": "What is 6 times 7?"}]).json()["choices"][0]["message"]
    assert "knows only its own problems" in message["content"]
    text = message["content"] + message["reasoning_content"]
    assert "box" not in text
    assert not any(character.isdigit() for character in text)


def test_a_lookup_among_thousands_of_problems_is_fast() -> None:
    words = random.Random(0)
    problems = [" ".join(f"w{words.randrange(300)}" for _ in range(40)) for _ in range(5000)]
    book = Transcripts(Transcript(str(i), problem, (Variant("", ""),)) for i, problem in enumerate(problems))
    began = time.perf_counter()
    found = [book.find(f"Think hard.\n{problem}\nPut it in a box.").key for problem in problems]
    assert found == [str(i) for i in range(5000)]
    assert (time.perf_counter() - began) / 5000 < 0.01


def test_the_built_in_transcripts_cover_the_built_in_problems() -> None:
    book = Transcripts.load(built_in())
    field = {"gpqa_diamond": "Question", "live_code_bench": "question_content"}
    for benchmark, path in PROBLEMS.items():
        if benchmark == "code_editing":
            continue  # it is answered by dialogues: tests/demo/test_dialogues.py
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            problem = (
                row["question"][0][-1]["content"] if benchmark == "bfcl_ast" else row[field.get(benchmark, "problem")]
            )
            assert not book.find(f"Please solve.\n{problem}\nThank you.").key.startswith("sha256:"), problem


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"problem": "p", "reasoning": "r", "answer": "a"}', "line 2: not a transcript: no field 'unique_id'"),
        ('{"unique_id": "u", "problem": "p", "variants": []}', "`variants` is not a list, or is empty"),
        ('{"unique_id": "u", "problem": "p", "reasoning": 1, "answer": "a"}', "`reasoning` is not a string"),
        ("{", "line 2: not a transcript"),
    ],
)
def test_a_transcripts_file_that_cannot_be_read_says_where(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=message):
        Transcripts.load([path])


# From transcript to tokens


@given(st.text())
@settings(deadline=None)
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text


def test_pieces_are_like_tokens() -> None:
    assert split_tokens("So x^2 = 16,  分数。\n\n Yes") == (
        *("So", " x", "^", "2", " =", " 16", ",", " ", " ", "分", "数", "。", "\n\n", " Yes"),
    )


def test_the_seed_chooses_the_variant(client: Client) -> None:
    contents = [client.post(seed=seed).json()["choices"][0]["message"]["content"] for seed in (0, 1, 2, 2)]
    assert contents == [ANSWER, "\\boxed{41}", ANSWER, ANSWER]


def test_without_a_seed_the_variants_take_turns(client: Client) -> None:
    contents = [client.post().json()["choices"][0]["message"]["content"] for _ in range(3)]
    assert contents == [ANSWER, "\\boxed{41}", ANSWER]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_max_tokens_counts_reasoning_and_answer(client: Client, name: str) -> None:
    def chunks(most: int) -> list[dict[str, Any]]:
        limit: dict[str, Any] = {name: most}
        return client.chunks(seed=0, **limit)

    reasoning = len(split_tokens(REASONING))
    within = chunks(4)
    assert join_deltas(within, "reasoning_content") == "Okay, 17 +"
    assert join_deltas(within, "content") == ""
    beyond = chunks(reasoning + 2)
    assert join_deltas(beyond, "reasoning_content") == REASONING
    assert join_deltas(beyond, "content") == "The sum"
    assert within[-1]["choices"][0]["finish_reason"] == beyond[-1]["choices"][0]["finish_reason"] == "length"
    exact = chunks(reasoning + len(split_tokens(ANSWER)))
    assert exact[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_looping_variant_goes_on_until_max_tokens(client: Client) -> None:
    chunks = client.chunks("loop", max_tokens=19, stream_options={"include_usage": True})
    assert join_deltas(chunks, "reasoning_content") == "Let me see." + 2 * " Wait, let me check again." + " Wait"
    assert chunks[-2]["choices"][0]["finish_reason"] == "length"
    assert chunks[-1]["usage"]["completion_tokens"] == 19
    assert client.post("loop").json()["usage"]["completion_tokens"] == LOOP_TOKENS


@pytest.mark.parametrize("count", [1, 2, 7, 60, 500])
def test_the_number_of_chunks_can_be_forced(demo: DemoEndpoint, client: Client, count: int) -> None:
    demo.configure(chunks=count)
    chunks = client.chunks(seed=0)
    with_text = [
        c for chunk in chunks for c in chunk["choices"] if any(v and k != "role" for k, v in c["delta"].items())
    ]
    assert len(with_text) == count
    assert join_deltas(chunks, "reasoning_content") == REASONING
    assert join_deltas(chunks, "content").rstrip("\n") == ANSWER
