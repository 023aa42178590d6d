"""Show the form of `%qwq_panel`, which writes a `%qwq_eval` line as it is filled in, and runs it in the background.

The form does nothing but write this line, which the magics' own parser reads back with every change. A form's widgets
end with the kernel, and a saved notebook keeps the lines: each one that is run is drawn above its run, and closing the
form leaves its last one. The JupyterLab extension draws the form as long as its widgets live (`lab/line.ts`); other
front ends know widgets by their own MIME type alone, which the output loses with the first run, and the form with it.
"""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from qwq_nb.bench.catalog import benchmark_names, check_name
from qwq_nb.core.options import Option
from qwq_nb.endpoint.endpoint import DEMO_NAME, Endpoint
from qwq_nb.endpoint.key_variables import check_variable, header_variables
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.endpoint.registry import endpoints
from qwq_nb.errors import OptionError, QwqError
from qwq_nb.evaluation.command_line import option_text, option_words
from qwq_nb.evaluation.options import EVAL
from qwq_nb.magics.parsing import parse_line, tokens_of
from qwq_nb.run.controls import any_shell, closed, widget_bundle

__all__ = ["LINE_MIME", "MAIN", "Form", "checked", "lines_of", "values_of"]

MAIN: Final = ("math_500", "aime24", "gpqa_diamond")
LINE_MIME: Final = "application/vnd.qwq-nb.line.v1+json"
"""`line`: drawn with buttons that put it into a cell of its own, or copy it. `form`: a widget to draw in its place."""
NEW: Final = "(another, below)"
"""The choice of the endpoint's field that opens URL, model and key."""

FIELDS: Final = (
    ("levels", "Levels", "all, or 1-5, or 1,3"),
    ("limit", "Limit", "all samples"),
    ("repeats", "Repeats", "1"),
    ("concurrency", "Streams at once", "auto"),
    ("temperature", "Temperature", "0.6"),
    ("top_p", "Top-p", "0.95"),
    ("top_k", "Top-k", "40"),
    ("max_tokens", "Max tokens", "32768"),
    ("data", "Data", "from the hub, or a path"),
)
"""Option, label of its field, and the meaning of an empty field."""
SERVER: Final = (
    ("url", "URL", "http://127.0.0.1:8000/v1"),
    ("model", "Model", "the only one served"),
    ("key_env", "Key variable", "its NAME, never the key"),
    ("header_env", "Header variable", "api-key=its NAME"),
)
_BY_DEST: Final = {option.dest: option for option in EVAL}


def values_of(words: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form's values for a line's words and options; options without a field are kept under `more`."""
    text = {dest: words_of(_BY_DEST[dest], given[dest])[0] for dest, _, _ in FIELDS if dest in given}
    shown = {*text, "endpoint", "demo", "background"}
    known = [DEMO_NAME] if given.get("demo") else [given["endpoint"]] if "endpoint" in given else [*endpoints()]
    return {
        "benchmarks": tuple(word for word in words if word in MAIN) if words else MAIN[:1],
        "other": " ".join(word for word in words if word not in MAIN),
        "endpoint": known[0] if known else DEMO_NAME,
        "background": True,
        "more": {dest: value for dest, value in given.items() if dest not in shown},
        **text,
    }


def lines_of(values: Mapping[str, Any]) -> list[str]:
    """Return the form's magic lines: `%qwq_eval …`, and `%qwq_endpoint …` before it for another endpoint."""
    lines = []
    given: dict[str, Any] = dict(values.get("more", {}))
    given.update({dest: values[dest].strip() for dest, _, _ in FIELDS if values.get(dest, "").strip()})
    given["background"] = values.get("background", False)
    if values["endpoint"] == NEW:
        words = ["%qwq_endpoint", shlex.quote(values.get("url", "").strip())]
        for dest in ("model", "key_env"):
            if values.get(dest, "").strip():
                words += option_words(f"--{dest.replace('_', '-')}", values[dest].strip())
        for pair in re.split(r"[\s,]+", values.get("header_env", "").strip()):
            words += option_words("--header-env", pair) if pair else []
        lines.append(" ".join(words))
    elif values["endpoint"] == DEMO_NAME:
        given["demo"] = True
    else:
        given["endpoint"] = values["endpoint"]
    words = ["%qwq_eval", *values["benchmarks"], *map(shlex.quote, values.get("other", "").split())]
    for option in EVAL:
        value = given.get(option.dest)
        if option.kind == "flag":
            words += [option.name] if value else []
        elif option.dest in given:
            for text in words_of(option, value):
                words += option_words(option.name, text)
    return [*lines, " ".join(words)]


def words_of(option: Option, value: Any) -> list[str]:
    """Return an option's value as it is written in a line; text typed into a field is not changed."""
    if option.kind == "list":
        return [str(part) for part in value]
    if isinstance(value, str):
        return [value]
    if value is None:
        return ["off"]
    return [",".join(map(str, value)) if option.kind == "levels" else option_text(option.kind, value)]


def checked(lines: Sequence[str]) -> list[str]:
    """Check the lines as the magics will read them, and return them.

    Raises:
        UserError: the first fault, in one sentence. A literal key is not repeated in it.
    """
    for line in lines:
        magic, _, rest = line.removeprefix("%").partition(" ")
        words, given = parse_line(tokens_of(rest), EVAL if magic == "qwq_eval" else ENDPOINT, magic)
        if magic == "qwq_eval":
            if not words:
                raise OptionError("Choose a benchmark.")
            for word in words:
                check_name(word)
            continue
        check_variables(line)
        if "://" not in "".join(words):
            raise OptionError("The endpoint's URL is missing, as in http://127.0.0.1:8000/v1.")
        Endpoint(words[0], **given)
    return list(lines)


def check_variables(line: str) -> None:
    """Check that a `%qwq_endpoint` line names variables where it should hold no secret, before it is shown.

    Raises:
        OptionError: it does not; the text is not repeated. Or the line cannot be split, or holds a literal key.
    """
    _, given = parse_line(tokens_of(line.partition(" ")[2]), ENDPOINT, "qwq_endpoint")
    check_variable(given.get("key_env", ""), "--key-env takes")
    header_variables(given.get("header_env", ()))


class Form:
    """Show the form when made. `values` are the fields' values; they are kept after the form is closed."""

    def __init__(self, shell: Any, values: dict[str, Any]) -> None:
        from IPython.display import display

        self.values = values
        self._shell = shell
        self._parent = shell.get_parent()
        self._inputs: dict[str, Any] = {}
        self._over = False
        self._ran = ""
        """The line that was run last."""
        self._spare: Any = None
        """An output that a line which could not be run has left empty: for the next one."""
        any_shell(shell).run(self._make)
        self._update()
        text = self._line_text()
        bundle = line_bundle(text, form=self._box.model_id) | widget_bundle(self._box, text)
        self._handle: Any = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Replace the form by its line, if that is valid and does not stand below already, as the one run last."""
        if self._over:
            return
        self._over = True
        text = "" if self._message.value else self._line_text()
        self._handle.update({} if text == self._ran else line_bundle(text), raw=True)
        closed(self._box)

    def _make(self) -> None:
        from ipywidgets import HTML, Button, Checkbox, Combobox, Dropdown, HBox, SelectMultiple, Text, VBox

        values, narrow = self.values, {"max_width": "100%"}
        size = {"style": {"description_width": "9em"}, "layout": {"width": "26em", "max_width": "calc(100% - 4px)"}}

        def text(dest: str, name: str, hint: str) -> Any:
            self._inputs[dest] = Text(values.get(dest, ""), description=name, placeholder=hint, **size)
            return self._inputs[dest]

        names = [*dict.fromkeys([*endpoints(), DEMO_NAME]), NEW]
        chosen = values["endpoint"] if values["endpoint"] in names else NEW
        self._inputs["endpoint"] = Dropdown(options=names, value=chosen, description="Endpoint", **size)
        self._server = VBox([text(*field) for field in SERVER], layout=narrow)
        main = SelectMultiple(
            options=MAIN, value=values["benchmarks"], description="Benchmarks", rows=len(MAIN), **size
        )
        others = [name for name in benchmark_names() if name not in MAIN]
        other = Combobox(value=values["other"], options=others, description="Other benchmark", **size)
        self._inputs |= {"benchmarks": main, "other": other}
        # Checkbox has no label before it: without the indent it stands below the fields' own labels.
        background = Checkbox(value=values["background"], description="In the background", indent=True, **size)
        self._inputs["background"] = background
        fields = [text(*field) for field in FIELDS]
        half = (len(fields) + 1) // 2
        server = [self._inputs["endpoint"], self._server]
        wrap = {"flex_flow": "row wrap", **narrow}
        left, right = VBox(fields[:half], layout=narrow), VBox([*fields[half:], background], layout=narrow)
        self._line, self._message = HTML(), HTML()
        self._run_button = Button(description="Run", button_style="primary", tooltip="Run this line in the background")
        close = Button(description="Close", tooltip="Leave the line in the place of this form")
        self._box = VBox(
            [
                HBox([VBox([main, other], layout=narrow), VBox(server, layout=narrow)], layout=wrap),
                HBox([left, right], layout=wrap),
                HTML("The same as a cell:"),
                self._line,
                HBox([self._run_button, close]),
                self._message,
            ],
            layout=narrow,
        )
        for widget in self._inputs.values():
            widget.observe(self._changed, "value")
        self._run_button.on_click(lambda _: self._run())
        close.on_click(lambda _: self.close())

    def _changed(self, _: Any) -> None:
        self.values.update({dest: widget.value for dest, widget in self._inputs.items()})
        self._update()

    def _update(self) -> None:
        """Write the line anew, and its fault, if any."""
        self._server.layout.display = "flex" if self._inputs["endpoint"].value == NEW else "none"
        self.values["endpoint"] = self._inputs["endpoint"].value
        try:
            checked(lines_of(self.values))
        except QwqError as exc:
            self._say(str(exc))
        else:
            self._say("")
        self._line.value = f'<pre style="white-space:pre-wrap;margin:0">{html.escape(self._line_text())}</pre>'

    def _line_text(self) -> str:
        lines = lines_of(self.values)
        try:
            for line in lines:
                tokens_of(line)
                if line.startswith("%qwq_endpoint "):
                    check_variables(line)
        except OptionError:
            return "…"  # a key, or a quotation mark that is not closed: not to be shown, or copied
        return "\n".join(lines)

    def _say(self, problem: str) -> None:
        self._message.value = f'<div role="alert">{html.escape(problem)}</div>' if problem else ""
        self._run_button.disabled = bool(problem)

    def _run(self) -> None:
        """Run the line below the form, as if in the form's own cell. A failure to start is shown in the form."""
        from IPython.core.error import UsageError

        from qwq_nb.view.output import forget_shown

        if self._over:
            return
        self._run_button.disabled = True
        above = None
        try:
            lines = checked(lines_of(self.values))
            above = self._draw_line("\n".join(lines))
            for line in lines:
                magic, _, rest = line.removeprefix("%").partition(" ")
                if magic == "qwq_eval" and not self.values["background"]:
                    rest += " --background"  # else the kernel could not take the clicks on its buttons
                with outputs_to(self._shell, self._parent):
                    run = self._shell.run_line_magic(magic, rest)
        except (QwqError, UsageError) as exc:
            if above is not None:
                above.update({}, raw=True)
                self._spare = above
            self._say(str(exc))
            self._run_button.disabled = False
            return
        forget_shown(run)  # drawn from no cell: the next one may show it
        self._ran = "\n".join(lines)
        # The lines that were run are what the notebook keeps.
        self._handle.update(line_bundle("", form=self._box.model_id), raw=True)
        self._run_button.disabled = False

    def _draw_line(self, text: str) -> Any:
        """Draw a line below all that is there; return its display."""
        from IPython.display import display

        above, self._spare = self._spare, None
        if above is not None:
            above.update(line_bundle(text), raw=True)
            return above
        with outputs_to(self._shell, self._parent):
            return display(line_bundle(text), raw=True, display_id=True)  # type: ignore[no-untyped-call]


def line_bundle(text: str, *, form: str = "") -> dict[str, Any]:
    """Return the mime bundle of a line; `form` is the id of the widget that JupyterLab draws while it lives."""
    if not text and not form:
        return {}
    bundle: dict[str, Any] = {"text/plain": text, LINE_MIME: {"line": text, **({"form": form} if form else {})}}
    return bundle | ({"text/html": f"<pre>{html.escape(text)}</pre>"} if text else {})


@contextmanager
def outputs_to(shell: Any, parent: Any) -> Iterator[None]:
    """Direct outputs to the cell of this parent message."""
    before = shell.get_parent()
    shell.set_parent(parent)
    try:
        yield
    finally:
        shell.set_parent(before)
