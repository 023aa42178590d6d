"""Classify how an answer ended by the word that the server gives for it: the one table of finish reasons.

Servers and gateways have words of their own. `ENDINGS` lists them with the server or the document that each is from;
`ending_of` compares without regard to case, punctuation and the prefix of an enumeration (`FinishReason.MAX_TOKENS`). A
word that is not listed is classified by its parts (`_PATTERNS`), else it is `unknown`: its answer is graded, but text
that may be an unfinished thought is not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

__all__ = ["ENDINGS", "Ending", "StopReason", "ending_of", "is_tool_call", "more_exact", "stop_reason_of"]

Ending = Literal["not_yet", "finished", "truncated", "filtered", "broken", "unknown"]
"""not_yet    no reason: more is to come, or the stream ended without any (it was interrupted)
finished   the model ended the answer
truncated  a limit of tokens cut it: the request's, or the context window
filtered   the server withheld or cut it because of its content: an error with its name, and not asked again
broken     the server gave up: asked again, and an error if that does not help
unknown    none of these"""

StopReason = Literal["stop", "max_tokens", "model_length", "tool_calls", "content_filter", "unknown"]
"""evalscope's words (`evalscope.api.model.StopReason`)."""

ENDINGS: dict[str, Ending] = {
    # No reason yet.
    "null": "not_yet",  # as text: DashScope's own protocol, and gateways that pass it on; watsonx.ai
    "none": "not_yet",  # as text: Python's None; llama.cpp's `stop_type`
    "nil": "not_yet",  # as text: gateways in Go
    "undefined": "not_yet",  # as text: gateways in JavaScript
    "not_finished": "not_yet",  # watsonx.ai, text generation: "possibly more tokens to be streamed"
    "in_progress": "not_yet",  # OpenAI Responses, `status`
    "finish_reason_unspecified": "not_yet",  # Gemini: the enumeration's default
    "unspecified": "not_yet",  # Gemini, by its client libraries
    # The model ended it.
    "stop": "finished",  # OpenAI, Gemini (STOP)
    "eos": "finished",  # Together, llama.cpp's `stop_type`
    "eos_token": "finished",  # TGI, watsonx.ai
    "eos_found": "finished",  # LM Studio
    "end_turn": "finished",  # Anthropic, Bedrock
    "stop_sequence": "finished",  # Anthropic, TGI, Cohere
    "stop_string_found": "finished",  # LM Studio
    "word": "finished",  # llama.cpp's `stop_type`: a stop word
    "complete": "finished",  # Cohere (COMPLETE)
    "completed": "finished",  # OpenAI Responses, `status`
    "normal": "finished",  # Baidu Qianfan
    "end_of_text": "finished",  # SambaNova, Aleph Alpha; AI21 has `endoftext`
    "tool_calls": "finished",  # OpenAI
    "tool_call": "finished",  # Cohere (TOOL_CALL), LM Studio
    "function_call": "finished",  # OpenAI, before tools
    "tool_use": "finished",  # Anthropic, Bedrock
    # A limit of tokens cut it.
    "length": "truncated",  # OpenAI, vLLM, SGLang, llama.cpp, Ollama
    "max_tokens": "truncated",  # Anthropic, Bedrock, Gemini (MAX_TOKENS), Cohere, watsonx.ai
    "max_output_tokens": "truncated",  # OpenAI Responses, `incomplete_details.reason`
    "max_completion_tokens": "truncated",  # gateways that name OpenAI's parameter
    "max_new_tokens": "truncated",  # the parameter of transformers
    "maximum_tokens": "truncated",  # Aleph Alpha
    "max_length": "truncated",  # gateways that name the parameter of transformers
    "max_len": "truncated",  # xAI (REASON_MAX_LEN)
    "limit": "truncated",  # llama.cpp's `stop_type`
    "token_limit": "truncated",  # watsonx.ai, text generation
    "max_predicted_tokens_reached": "truncated",  # LM Studio
    "incomplete": "truncated",  # OpenAI Responses, `status`
    "truncated": "truncated",  # gateways
    "model_length": "truncated",  # Mistral, evalscope: the context window
    "model_context_window_exceeded": "truncated",  # Anthropic, Bedrock, Z.ai (GLM)
    "context_length_reached": "truncated",  # LM Studio
    "context": "truncated",  # Reka
    "max_context": "truncated",  # xAI (REASON_MAX_CONTEXT)
    "error_limit": "truncated",  # Cohere v1: "the generation exceeded the context limit"
    # The server withheld it, or cut it, because of its content.
    "content_filter": "filtered",  # OpenAI, Azure, DeepSeek
    "content_filtered": "filtered",  # Bedrock
    "guardrail_intervened": "filtered",  # Bedrock
    "refusal": "filtered",  # Anthropic: a classifier of its policy stopped the stream
    "sensitive": "filtered",  # Z.ai (GLM), Tencent Hunyuan
    "safety": "filtered",  # Gemini
    "recitation": "filtered",  # Gemini
    "language": "filtered",  # Gemini: a language that is not supported
    "blocklist": "filtered",  # Gemini
    "prohibited_content": "filtered",  # Gemini
    "spii": "filtered",  # Gemini: personal data
    "error_toxic": "filtered",  # Cohere v1
    # The server gave up.
    "abort": "broken",  # vLLM, SGLang
    "error": "broken",  # vLLM, OpenRouter, Cohere, watsonx.ai
    "failed": "broken",  # OpenAI Responses, `status`; LM Studio
    "internal_error": "broken",  # gateways
    "insufficient_system_resource": "broken",  # DeepSeek
    "network_error": "broken",  # Z.ai (GLM)
    "engine_overloaded": "broken",  # Moonshot
    "cancelled": "broken",  # watsonx.ai, OpenAI Responses; some write `canceled`
    "user_cancel": "broken",  # Cohere v1; LM Studio has `userStopped`
    "user_stopped": "broken",  # LM Studio
    "timeout": "broken",  # Cohere (TIMEOUT)
    "time_limit": "broken",  # watsonx.ai, xAI (REASON_TIME_LIMIT)
    "context_canceled": "broken",  # gateways in Go: the request's own context, not the model's
    "context_cancelled": "broken",
    "context_deadline_exceeded": "broken",  # the same
    "load": "broken",  # Ollama: the model was loaded, and nothing generated
    "unload": "broken",  # Ollama
    "model_unloaded": "broken",  # LM Studio
    "malformed_function_call": "broken",  # Gemini
    "malformed_response": "broken",  # Gemini
    "malformed_model_output": "broken",  # Bedrock
    "malformed_tool_use": "broken",  # Bedrock
}
"""Finish reason → ending."""

_PATTERNS: tuple[tuple[Ending, re.Pattern[str]], ...] = (
    (
        "filtered",
        re.compile(r"filter|safety|sensitiv|moderat|prohibit|blocklist|blocked|guardrail|toxic|policy|inspection"),
    ),
    (
        "truncated",
        re.compile(r"length|context|truncat|incomplete|cutoff|budget|outoftoken|max\w*token|token\w*(?:max|limit)"),
    ),
    (
        "broken",
        re.compile(
            r"error|abort|cancel|timeout|timedout|timelimit|overload|unavailab|resource|exhaust|ratelimit|quota|fail"
            r"|interrupt|disconnect|crash|kill|shutdown|preempt|evict|malform|network|capacity|busy"
        ),
    ),
)
"""What the parts of an unlisted word say, without punctuation; the first that holds."""

_LONGEST = 80
"""Characters of a word that is looked up; a longer one is no finish reason."""

_TOOL_CALLS = frozenset({"toolcalls", "toolcall", "functioncall", "tooluse"})
_CONTEXT = frozenset({"modellength", "modelcontextwindowexceeded"})


def _plain(word: str) -> str:
    """Return a word in lower case without punctuation, and without the prefix of an enumeration."""
    plain = re.sub(r"[\W_]+", "", word.rpartition(".")[2].lower())
    return plain if plain in _PLAIN else re.sub(r"^(?:finish|stop)?reason(?=.)", "", plain)


_PLAIN: dict[str, Ending] = {re.sub(r"[\W_]+", "", word): ending for word, ending in ENDINGS.items()}


@lru_cache(maxsize=256)
def _looked_up(word: str) -> Ending:
    plain = _plain(word)
    if not plain:
        return "not_yet"
    if plain in _PLAIN:
        return _PLAIN[plain]
    return next((ending for ending, pattern in _PATTERNS if pattern.search(plain)), "unknown")


def ending_of(finish_reason: str | None) -> Ending:
    """Return how an answer ended, by the server's word. None, an empty word and `interrupted`: `not_yet`."""
    if not finish_reason or finish_reason == "interrupted":  # our own word for a stream that ended without any
        return "not_yet"
    return _looked_up(finish_reason) if len(finish_reason) <= _LONGEST else "unknown"


def more_exact(finish_reason: str, native: str) -> str:
    """Return the word that says more of how an answer ended: the gateway's, or that of the server behind it.

    OpenRouter translates each server's word into OpenAI's and repeats the original as `native_finish_reason`
    (https://openrouter.ai/announcements/standardized-finish-reasons). The translation loses some: `stop` beside an
    original that is nothing of the kind (https://github.com/reVrost/go-openrouter/pull/43). So the original counts
    where it names a limit, a filter or a failure and the translation does not, and where there is no translation.
    """
    translated, original = ending_of(finish_reason), ending_of(native)
    if translated == "not_yet":
        return finish_reason if original == "not_yet" else native
    is_lost = translated in ("finished", "unknown") and original in ("truncated", "filtered", "broken")
    return native if is_lost else finish_reason


def is_tool_call(finish_reason: str) -> bool:
    """Return whether the answer ended because the model calls tools."""
    return _plain(finish_reason[:_LONGEST]) in _TOOL_CALLS


def stop_reason_of(finish_reason: str) -> StopReason:
    """Return evalscope's stop reason for a finish reason."""
    match ending_of(finish_reason):
        case "finished":
            return "tool_calls" if is_tool_call(finish_reason) else "stop"
        case "truncated":
            return "model_length" if _plain(finish_reason) in _CONTEXT else "max_tokens"
        case "filtered":
            return "content_filter"
        case _:
            return "unknown"
