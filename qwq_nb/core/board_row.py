"""Define the row of a board of code editing: what one model, or a pair of architect and editor, has come to.

Names and units are those of aider's leaderboards (`_data/edit_leaderboard.yml`): rates are per cent, 0…100.
"""

from __future__ import annotations

import msgspec

__all__ = ["BOARD_COLUMNS", "BoardRow"]


class BoardRow(msgspec.Struct, kw_only=True):
    """Hold one row of `run.board()`: the exercises of one run, or what somebody published of others."""

    model: str
    """The model's name; in a pair the architect's."""
    editor_model: str = ""
    """The model that turns the architect's plan into edits; empty: the model works alone."""
    edit_format: str = ""
    """`whole`, `diff` or `udiff`; `architect` in a pair."""
    editor_edit_format: str = ""
    """The editor's format, in a pair."""
    test_cases: int = 0
    """Answers that count: exercises × repeats, without errors of the endpoint and without pending ones."""
    pass_rate_1: float | None = None
    """Per cent whose tests passed after the first try."""
    pass_rate_1_low: float | None = None
    """Ends of its 95 % interval (`qwq_nb.core.stats.interval_of_counts`: Wilson's, where nothing was repeated)."""
    pass_rate_1_high: float | None = None
    pass_rate_2: float | None = None
    """Per cent whose tests passed within two tries."""
    ci_low: float | None = None
    """Ends of its 95 % interval."""
    ci_high: float | None = None
    percent_cases_well_formed: float | None = None
    """Per cent of exercises in which every reply of every role could be read."""
    percent_well_formed_by_aider: float | None = None
    """The same as aider counts it, which sees nothing of an editor's replies: of a pair it says 100."""
    percent_well_formed_architect: float | None = None
    """Of the replies of one role alone; empty where there is no such role, or its replies are no edits."""
    percent_well_formed_editor: float | None = None
    error_outputs: int | None = 0
    """Malformed replies of all roles, and replies that a limit of tokens cut."""
    num_malformed_responses: int | None = 0
    """Of all roles."""
    num_with_malformed_responses: int | None = 0
    """Exercises with at least one."""
    num_malformed_by_aider: int | None = 0
    """Without the editor's, as aider counts them."""
    no_edit: int | None = 0
    """Exercises in which no file was changed, whether the replies could be read or not."""
    no_edit_passed: int | None = 0
    """Of these: whose tests pass all the same, since the untouched stub passes them."""
    user_asks: int | None = None
    """Always empty of our own: aider counts the questions that its console would ask its user, and there is none."""
    lazy_comments: int | None = 0
    """Comments with ` ... ` in replies."""
    syntax_errors: int | None = 0
    indentation_errors: int | None = 0
    exhausted_context_windows: int | None = 0
    """Replies that a limit of tokens cut, the request's own among them."""
    test_timeouts: int | None = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    architect_tokens: int | None = None
    """Tokens that the role wrote, in a pair."""
    editor_tokens: int | None = None
    seconds_per_case: float | None = None
    """Mean seconds of an exercise's requests; tests are not in it."""
    total_cost: float | None = None
    """By the prices of each endpoint; empty where one of them has none."""
    currency: str = ""
    command: str = ""
    date: str = ""
    versions: str = ""
    run: str = ""
    """The run's name; empty of a published row."""
    errors: int = 0
    """Exercises × repeats whose endpoint failed: in no rate."""
    pending: int = 0
    demo: bool = False
    """The built-in endpoint answered: it says nothing of any model."""
    published: bool = False
    """Somebody else measured and published it: see `source`."""
    exercises: str = ""
    """The exercises of a published row, in words: not always those of this benchmark."""
    source: str = ""

    @property
    def label(self) -> str:
        """Return the model, or the pair: `QwQ-32B + Qwen2.5-Coder`."""
        if not self.editor_model or " + " in self.model:
            return self.model
        return f"{self.model} + {self.editor_model}"

    @property
    def format(self) -> str:
        """Return the format of the edits: the editor's in a pair."""
        return (self.editor_edit_format or self.edit_format).removeprefix("editor-")


BOARD_COLUMNS: tuple[str, ...] = BoardRow.__struct_fields__
