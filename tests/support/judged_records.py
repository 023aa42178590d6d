"""Records of benchmarks that another model has to judge, in their adapters' own fields, and a judge for all of them."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["ANSWERS", "RECORDS", "judge_reply"]

RECORDS: dict[str, list[dict[str, Any]]] = {
    "simple_qa": [
        {"problem": f"Which is the capital of {land}?", "answer": city, "metadata": "{'topic': 'Geography'}"}
        for land, city in (("France", "Paris"), ("Spain", "Madrid"), ("Italy", "Rome"))
    ],
    "chinese_simpleqa": [{"question": "法国的首都？", "answer": "巴黎", "primary_category": "社会", "id": "1"}],
    "hle": [
        {
            "id": "1",
            "question": "Add two and two, in France.",
            "image": "",
            "answer": "4",
            "answer_type": "exactMatch",
            "author_name": "a",
            "rationale": "r",
            "raw_subject": "s",
            "category": "Math",
        }
    ],
    "health_bench": [
        {
            "prompt": [{"role": "user", "content": "I have a headache, and am in France."}],
            "example_tags": ["theme:communication"],
            "rubrics": [
                {"criterion": "Names Paris", "points": 5, "tags": ["axis:completeness"]},
                {"criterion": "Names Rome", "points": 3, "tags": ["axis:accuracy"]},
                {"criterion": "Is rude", "points": -3, "tags": ["axis:communication_quality"]},
            ],
            "prompt_id": "1",
        }
    ],
    "alpaca_eval": [{"instruction": "Say hello in France.", "output": "Hello.", "generator": "g", "dataset": "d"}],
    "drivel_writing": [{"text": "Paris, France.", "narrative": "A city."}],
    "cl_bench": [{"messages": [{"role": "user", "content": "In France?"}], "rubrics": ["Is polite"], "metadata": {}}],
    "longmemeval": [
        {
            "question_id": "1",
            "question_type": "multi-session",
            "question": "Where in France?",
            "answer": "Paris",
            "question_date": "2024/01/01",
            "haystack_dates": ["2023/01/01"],
            "haystack_session_ids": ["1"],
            "haystack_sessions": [[{"role": "user", "content": "I was in Paris."}]],
        }
    ],
    "plawbench": [
        {
            "subset": "legal_consultation",
            "id": "1",
            "judge_type": "legal_qa",
            "context": "In France.",
            "question": "Whose law?",
            "task": "legal_consultation",
            "category": "c",
            "rubrics": "Names Paris",
            "max_points": 5,
        }
    ],
    "prbench": [
        {
            "subset": "finance",
            "prompt_0": "What of France?",
            "task": "t",
            "field": "Finance",
            "topic": "t",
            "expert": "e",
            "turns": 1,
            "rubric": [
                {
                    "id": "1",
                    "title": "Names Paris",
                    "annotations": {
                        "weight_class": "critically important",
                        "critically_important_weight": 5,
                        "criteria_category": "facts",
                    },
                }
            ],
            "economic_pathway": "e",
            "decision_type": "d",
        }
    ],
    "one_million_bench": [
        {
            "id": "1",
            "case_id": "1",
            "language": "global",
            "tags": {"topics": ["Law"]},
            "question": "What of the law of France?",
            "rubrics": [{"rubric_number": 1, "rubric_detail": "Names Paris", "rubric_weight": 5}],
        }
    ],
}
"""Benchmark → its records."""

ANSWERS = {"France": "It is Paris.", "Spain": "It is Barcelona.", "Italy": "I do not know."}
"""A word of the question → the answer of the model under test."""


def judge_reply(prompt: str) -> str:
    """What a judge with the formats of all these protocols says: that an answer with Paris is right."""
    if "criteria_met" in prompt:
        return json.dumps(
            {"explanation": "seen", "criteria_met": "Names Paris" in prompt.rpartition("# Rubric item")[2]}
        )
    if "total_points" in prompt:
        return '{"total_points": 4, "max_points": 5}'
    if '"m" or "M"' in prompt:
        return '{"verdict": "M"}'
    if "rating" in prompt:
        return '{"reasoning": "close", "rating": 4}'
    if "Overall Score" in prompt:
        return '{"Grading Rationale": "polite", "List of Requirement Satisfaction Status": ["yes"], "Overall Score": 1}'
    if '"results"' in prompt:
        return '{"results": [{"rubric_id": 1, "status": "Yes", "justification": "named"}]}'
    if '"yes" or "no"' in prompt:
        return '{"reasoning": "said", "verdict": "yes"}'
    if '"C" or "I"' in prompt:
        return '{"reasoning": "other", "verdict": "I"}'
    told = prompt.rpartition("Predicted answer:")[2] or prompt.rpartition("预测答案:")[2]
    verdict = "A" if "Paris" in told else "C" if "not know" in told else "B"
    return json.dumps({"reasoning": "as scripted", "verdict": verdict})
