"""Draw the entropy along a reasoning as a strip, from the log probabilities of its tokens."""

from __future__ import annotations

from typing import Final

from qwq_nb.core.records import Completion
from qwq_nb.core.token_logprobs import STEP_NATS, UNKNOWN_ENTROPY
from qwq_nb.view.html import Html, esc

__all__ = ["LEVEL_NATS", "entropy_levels", "strip_html", "strip_text"]

MOST_BLOCKS: Final = 120
LEVEL_NATS: Final = 0.15
"""What a level is worth, in nats, of the mean over a block's tokens; the last one has no upper end."""
_BLOCKS: Final = " ▁▂▃▄▅▆▇██"
_NAME: Final = "Entropy along the reasoning"
_READING: Final = "from its first token to its last; darker: less sure of the next token (0 to 1.35 nats and more)"


def entropy_levels(completion: Completion | None) -> str:
    """Return the mean entropy of up to 120 stretches of the reasoning, a digit each; empty where it is not known.

    Whatever the shape of the answer, the tokens of the reasoning are the first ones.
    """
    kept = completion.logprobs if completion is not None else None
    steps = kept.steps() if kept is not None else b""
    thought = steps[: completion.reasoning_tokens] if completion is not None else b""
    if not any(step != UNKNOWN_ENTROPY for step in thought):
        return ""
    blocks = min(MOST_BLOCKS, len(thought))
    levels = []
    for i in range(blocks):
        own = thought[len(thought) * i // blocks : len(thought) * (i + 1) // blocks]
        known = [step for step in own if step != UNKNOWN_ENTROPY]
        mean = sum(known) / len(known) * STEP_NATS if known else 0.0
        levels.append(str(min(9, int(mean / LEVEL_NATS))))
    return "".join(levels)


def strip_html(levels: str) -> Html:
    """Return the strip as html; empty without levels."""
    if not levels:
        return Html("")
    blocks = "".join(
        f'<span style="flex:1;background:currentColor;opacity:{int(level) / 9:.2f}"></span>'
        for level in levels[:MOST_BLOCKS]
        if level.isdigit()
    )
    return Html(
        f'<p><strong>{_NAME}</strong> <small>{_READING}</small></p><div role="img" aria-label="{esc(_spoken(levels))}" '
        f'style="display:flex;height:1em;border:1px solid rgba(128,128,128,0.5)">{blocks}</div>'
    )


def strip_text(levels: str) -> str:
    """Return the strip as a line of blocks; empty without levels."""
    return f"{_NAME}: {''.join(_BLOCKS[int(c)] for c in levels if c.isdigit())}" if levels else ""


def _spoken(levels: str) -> str:
    """Say where the model was least sure, for those who do not see the strip."""
    least = max(range(len(levels)), key=lambda i: levels[i])
    return f"{_NAME}: highest {round(100 * least / len(levels))} % of the way through"
