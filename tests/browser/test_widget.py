"""A run as a widget: in JupyterLab, and in a front end that knows no more than anywidget's two names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from qwq_nb.core.run_record import Clip
from qwq_nb.view.clip import lean
from qwq_nb.view.standalone import renderer_module, renderer_styles
from tests.browser.lab import run_cell, write_notebook
from tests.browser.renderer import DETAIL, LINE, LIST, REASONING, THINKING, VIEW
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import record, view
from tests.support.saved_runs import saved_run

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytest.importorskip("anywidget", reason="needs anywidget: pip install -e '.[widget]'")

HOST = "http://notebook.test/"
"""An address that the browser asks nobody for: the test answers."""

# What a front end does, as anywidget's documents have it: a model, an element, `render`, and what that returns.
FRONT_END = """<!doctype html><html><head><meta charset="utf-8"><title>notebook</title><style>%(page)s</style></head>
<body><div id="cell"></div><script type="module">
    const {default: widget} = await import('/view.js');
    const listeners = new Map();
    const state = await (await fetch('/state.json')).json();
    window.sent = [];
    window.model = {
        get: (name) => state[name],
        on: (event, call) => listeners.set(event, [...(listeners.get(event) ?? []), call]),
        off: (event, call) => listeners.set(event, listeners.get(event).filter((other) => other !== call)),
        send: (content) => window.sent.push(content),
        emit: (event, ...values) => listeners.get(event)?.forEach((call) => call(...values)),
        set: (name, value) => { state[name] = value; window.model.emit(`change:${name}`, value); },
        count: () => [...listeners.values()].flat().length,
    };
    const cell = document.getElementById('cell');
    const root = %(shadow)s ? cell.attachShadow({mode: 'open'}) : cell;
    const style = document.createElement('style');
    style.textContent = state._css;
    const el = document.createElement('div');
    window.close = widget.render({model, el});
    root.append(style, el);   // after `render`, as some front ends do
</script></body></html>"""


def front_end(page: Any, run: Any, *, dark: bool = False, shadow: bool = False) -> None:
    colours = "body { background: #1e1e1e; color: #ddd }" if dark else "body { background: #fff }"
    answers = {
        "": ("text/html", FRONT_END % {"page": colours, "shadow": json.dumps(shadow)}),
        "view.js": ("text/javascript", renderer_module()),
        "state.json": (
            "application/json",
            json.dumps({"record": lean(run), "can_rule": True, "_css": renderer_styles()}),
        ),
    }

    def answer(route: Any) -> None:
        kind, body = answers[route.request.url.removeprefix(HOST)]
        route.fulfill(content_type=kind, body=body)

    page.route(f"{HOST}**", answer)
    page.goto(HOST)
    page.wait_for_selector(LINE)


def clipped(n: int) -> Any:
    """A run whose texts the kernel has."""
    return record([view(i, reasoning=Clip(omitted=500), answer=Clip(text="Done."), file="texts-0") for i in range(n)])


@pytest.mark.parametrize("shadow", [False, True], ids=["light tree", "shadow tree"])
def test_any_front_end_draws_it_and_hands_on_its_questions(lab: Lab, shadow: bool) -> None:
    with lab.window() as page:
        front_end(page, clipped(8), shadow=shadow)
        page.locator(LINE).filter(has_text="level-4/3").click()
        page.wait_for_function("window.sent.some((each) => each.keys?.includes('0 math_500/level-4/3'))")
        asked = page.evaluate("window.sent.find((each) => each.keys.includes('0 math_500/level-4/3'))")
        assert asked["type"] == "texts"
        texts = {key: [f"{THINKING} This is {key}.", "Done."] for key in asked["keys"]}
        page.evaluate(
            "(answer) => model.emit('msg:custom', answer)",
            {"type": "answer", "token": asked["token"], "texts": texts},
        )
        page.wait_for_selector(f"{REASONING} :text('This is 0 math_500/level-4/3.')")
        page.wait_for_selector(f"{DETAIL} .katex")
        page.evaluate("document.fonts.load('12px KaTeX_Main')")
        assert page.evaluate("[...document.fonts].some((each) => each.family.includes('KaTeX_Main'))")
        page.get_by_role("button", name="Right", exact=False).first.click()
        page.wait_for_function("window.sent.some((each) => each.type === 'rule')")
        ruling = page.evaluate("window.sent.find((each) => each.type === 'rule')")
        assert (ruling["id"], ruling["correct"]) == ("math_500/level-4/3", True)
        answer = {"type": "answer", "token": ruling["token"], "problem": "The run's folder is gone."}
        page.evaluate("(answer) => model.emit('msg:custom', answer)", answer)
        page.wait_for_selector(f'{DETAIL} :text("The run\'s folder is gone.")')
        page.evaluate("window.close()")
        assert page.evaluate("model.count()") == 0, "nothing listens any more"
        assert page.locator(VIEW).count() == 0
        assert page.said == []


def test_updates_come_to_a_view_that_stands(lab: Lab) -> None:
    with lab.window() as page:
        running = record([view(i) for i in range(3)], state="running")
        front_end(page, running)
        assert page.locator(LINE).count() == 3
        update = lean(record([view(5)], state="running", partial=True))
        page.evaluate("(record) => model.emit('msg:custom', {type: 'update', record})", update)
        page.wait_for_selector(f"{LINE}:has-text('level-1/5')")
        assert page.locator(LINE).count() == 4
        whole = lean(record([view(i) for i in range(6)]))
        page.evaluate("(record) => model.set('record', record)", whole)
        page.wait_for_selector(f"{VIEW} .qwq-state:text('complete')")
        assert page.locator(LINE).count() == 6


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_its_colours_are_those_of_what_it_stands_on(lab: Lab, dark: bool) -> None:
    """Not those of the system: VS Code has a theme of its own. marimo writes its colours as `color(srgb 1 1 1)`."""
    with lab.window(dark=not dark) as page:
        front_end(page, record(), dark=dark)
        ground = page.evaluate("getComputedStyle(document.querySelector('.qwq-widget')).backgroundColor")
        assert ground == ("rgb(20, 24, 31)" if dark else "rgb(255, 255, 255)")
        grounds = {"light": ("#fff", "color(srgb 1 1 1)", "oklch(0.98 0 0)"), "dark": ("#000", "color(srgb .1 .1 .1)")}
        for theme in ("light", "dark") if dark else ("dark", "light"):
            for colour in grounds[theme]:
                page.evaluate("(colour) => { document.body.style.background = colour; }", colour)
                page.wait_for_timeout(50)
                page.wait_for_selector(f".qwq-widget[data-theme={theme}]", timeout=3_000)


def test_hostile_texts_do_nothing(lab: Lab) -> None:
    """Those of the record, and those that the kernel sends when a sample is opened."""
    texts = [text[:20_000] for text in CORPUS]
    hostile = [
        view(i, id=f"{i} {text[:200]}", gold=text[:300], extracted=text[:300], question=Clip(text=text), why=text[:900])
        for i, text in enumerate(texts)
    ]
    asked = [msgspec.structs.replace(each, reasoning=Clip(omitted=9), file="texts-0") for each in hostile]
    with lab.window() as page:
        front_end(page, record(asked, model=texts[0], name=texts[1], data=texts[2], notes=texts[:30]))
        page.evaluate(
            """(texts) => {
                const send = model.send;
                model.send = (question) => {
                    send(question);
                    const found = question.keys.map((key) => [key, Array(2).fill(texts[Number(key.split(' ')[1])])]);
                    const answer = {type: 'answer', token: question.token, texts: Object.fromEntries(found)};
                    model.emit('msg:custom', answer);
                };
            }""",
            texts,
        )
        page.locator(LIST).focus()
        for _ in texts:
            page.keyboard.press("j")
            for fold in page.locator(f"{DETAIL} details:not([open]) > summary").all():
                fold.click()
        assert page.evaluate("sent.flatMap((each) => each.keys).length") >= len(texts)
        assert page.evaluate("window.__xss") is None
        assert {address.split("?")[0] for address in page.requests} <= {HOST, f"{HOST}view.js", f"{HOST}state.json"}
        assert page.locator(f"{VIEW} :is(iframe, object, embed, link, form, script, img)").count() == 0
        assert page.locator(f"{VIEW} a[href]").count() == 0


def test_it_is_drawn_in_jupyterlab(lab: Lab) -> None:
    saved_run(lab.root, "one", "cwc")
    source = "import qwq_nb\nqwq_nb.RunWidget(qwq_nb.load_run('one'))"
    write_notebook(lab, "widget.ipynb", source)
    with lab.page("widget.ipynb") as page:
        cell = run_cell(page, 0)
        cell.locator(LINE).first.wait_for(timeout=40_000)
        assert cell.locator(LINE).count() == 3
        assert cell.locator(".qwq-widget.qwq-standalone").count() == 0, "the colours are Lab's own"
        cell.locator(LINE).nth(1).click()
        cell.locator(f"{DETAIL} .qwq-fold").first.wait_for()
        assert "Error" not in cell.inner_text()
