"""Say of evalscope's benchmarks of tool calls what each is, and which benchmark of single calls can be run here."""

from __future__ import annotations

__all__ = ["instead_of"]

_VERIFIER = (
    "it counts whether a function is called and whether the call fits its schema, with calls that its adapter makes "
    "itself, and compares no arguments"
)
_AGENT = "it is a conversation of several turns with tools, which are run, not one completion a question"
_TOOL_CALLS = {
    "acebench": _AGENT,
    "bfcl_v3": "it is all of BFCL, with conversations of several turns, run by the package bfcl-eval",
    "bfcl_v4": "it is all of BFCL, with conversations of several turns, web searches and a memory, run by bfcl-eval",
    "general_fc": _VERIFIER,
    "k2_verifier": _VERIFIER,
    "kimi_verifier": _VERIFIER,
    "minimax_verifier": _VERIFIER,
    "tau2_bench": _AGENT,
    "tau_bench": _AGENT,
    "toolathlon": _AGENT,
}
"""Benchmarks of tool calls that cannot be run here, and what each is."""
_INSTEAD = (
    "BFCL's calls in one turn, with their arguments compared, are bfcl_ast: %qwq_eval bfcl_ast --data FILE (a data "
    "file, or bfcl-eval's wheel)"
)


def instead_of(name: str) -> str:
    """Return why a benchmark of tool calls cannot be run here, and what can; empty for any other name."""
    return f"{name} cannot be run here: {_TOOL_CALLS[name]}. {_INSTEAD}." if name in _TOOL_CALLS else ""
