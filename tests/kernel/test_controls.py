"""The buttons of a run in the background, in a real kernel: clicks are the messages that a front end sends."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import pytest

from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.magics.form import LINE_MIME
from qwq_nb.run.controls import CONTROLS_MIME
from tests.support.math_problems import MATH

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def server(server: DemoEndpoint) -> DemoEndpoint:
    """At a pace that lasts for some clicks."""
    server.configure(tokens_per_second=150)
    return server


class Widgets:
    """What a front end knows of a kernel: the widgets' states by model, the displays' data by display.

    Displays are found by their id alone: before ipykernel 7 an update from a thread names a later message as parent.
    """

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self.states: dict[str, dict[str, Any]] = {}
        self.closed: set[str] = set()
        self.displays: dict[str, dict[str, Any]] = {}
        listen = kernel.client.get_iopub_msg

        def heard(*args: Any, **options: Any) -> Any:
            message = listen(*args, **options)
            content = message["content"]
            if message["msg_type"] == "comm_open":
                self.states[content["comm_id"]] = dict(content["data"]["state"])
            elif message["msg_type"] == "comm_msg" and content["data"].get("method") == "update":
                # What was opened before we listened is none of our business.
                self.states.get(content["comm_id"], {}).update(content["data"]["state"])
            elif message["msg_type"] == "comm_close":
                self.closed.add(content["comm_id"])
            elif message["msg_type"] in ("display_data", "update_display_data"):
                self.displays[content["transient"].get("display_id", "")] = content["data"]
            return message

        kernel.client.get_iopub_msg = heard

    def buttons(self) -> dict[str, str]:
        """The models of the buttons that are there now, by what stands on them."""
        found = {i: s for i, s in self.states.items() if s.get("_model_name") == "ButtonModel" and i not in self.closed}
        return {str(state["description"]): model for model, state in found.items()}

    def label(self) -> str:
        return [str(s["value"]) for s in self.states.values() if s.get("_model_name") == "LabelModel"][-1]

    def click(self, button: str, subshell: str | None = None) -> None:
        self.send(self.buttons()[button], {"method": "custom", "content": {"event": "click"}}, subshell)

    def type(self, field: str, value: Any) -> None:
        model = next(i for i, s in self.states.items() if s.get("description") == field and i not in self.closed)
        self.send(model, {"method": "update", "state": {"value": value}, "buffer_paths": []})

    def choose(self, field: str, label: str) -> None:
        model = next(i for i, s in self.states.items() if s.get("description") == field and i not in self.closed)
        index = [*self.states[model]["_options_labels"]].index(label)
        self.send(model, {"method": "update", "state": {"index": index}, "buffer_paths": []})

    def shown(self) -> str:
        """What the panel's html says, all of it."""
        found = [s["value"] for i, s in self.states.items() if s.get("_model_name") == "HTMLModel"]
        return html.unescape(" ".join(map(str, found)))

    def send(self, model: str, data: dict[str, Any], subshell: str | None = None) -> None:
        message = self.kernel.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        message["header"]["subshell_id"] = subshell
        self.kernel.client.shell_channel.send(message)


@pytest.fixture
def widgets(kernel: Any) -> Iterator[Widgets]:
    before = kernel.client.get_iopub_msg
    yield Widgets(kernel)
    kernel.client.get_iopub_msg = before


def background(kernel: Any, server: DemoEndpoint, widgets: Widgets, concurrency: int = 4) -> Any:
    kernel.use(server)
    line = f"run = %qwq_eval math_500 --concurrency {concurrency} --data {MATH} --fresh --background"
    cell = kernel.run(line)
    assert cell.status == "ok", cell.text
    return cell.until(lambda: state_of(cell, widgets) not in ("", "starting"))


def left(cell: Any, widgets: Widgets) -> list[dict[str, Any]]:
    """The cell's outputs as a notebook would save them now: each display in its last state."""
    return [widgets.displays[m["content"]["transient"]["display_id"]] for m in cell.of("display_data")]


def state_of(cell: Any, widgets: Widgets) -> str:
    records = [data[MIME_TYPE] for data in left(cell, widgets) if MIME_TYPE in data]
    return str(records[0]["state"]) if records else ""


def check_gone(kernel: Any, cell: Any, widgets: Widgets) -> None:
    """Nothing of the controls is left: not in the kernel, not in the front end, not in the notebook."""
    cell.until(lambda: set(widgets.states) == widgets.closed)
    assert kernel.run("import ipywidgets; print(len(ipywidgets.widgets.widget._instances))").text == "0\n"
    controls, drawn = left(cell, widgets)
    assert controls == {}
    assert set(drawn) == {MIME_TYPE, "text/html", "text/plain"}


def test_pause_resume_and_stop_by_their_buttons(kernel: Any, server: DemoEndpoint, widgets: Widgets) -> None:
    cell = background(kernel, server, widgets)
    first = cell.of("display_data")[0]["content"]["data"]
    assert set(first) == {WIDGET, CONTROLS_MIME, "text/plain"}
    assert "run.stop()" in first["text/plain"]
    assert set(widgets.buttons()) == {"Stop", "Pause", "Resume"}
    assert all(widgets.states[model]["tooltip"] for model in widgets.buttons().values())
    states = {name: widgets.states[model] for name, model in widgets.buttons().items()}
    cell.until(lambda: not states["Pause"]["disabled"])
    assert states["Resume"]["disabled"]

    widgets.click("Pause")
    cell.until(lambda: state_of(cell, widgets) == "paused" and widgets.label().startswith("paused: "))
    assert (states["Pause"]["disabled"], states["Resume"]["disabled"], states["Stop"]["disabled"]) == (1, 0, 0)
    widgets.click("Resume")
    cell.until(lambda: state_of(cell, widgets) == "running" and widgets.label().startswith("running: "))
    assert "of 40 done" in widgets.label()
    widgets.click("Stop")
    cell.until(lambda: state_of(cell, widgets) == "stopped")
    check_gone(kernel, cell, widgets)
    assert 0 < server.log()["requests"] < 40


@pytest.mark.long
def test_why_a_run_waits_stands_beside_the_buttons(kernel: Any, server: DemoEndpoint, widgets: Widgets) -> None:
    server.set_faults(["status,code=503,after=6"])
    cell = background(kernel, server, widgets)
    cell.until(lambda: "'own' does not answer since" in widgets.shown())
    server.set_faults([])
    widgets.click("Resume")
    cell.until(lambda: "does not answer" not in widgets.shown())
    widgets.click("Stop")
    cell.until(lambda: state_of(cell, widgets) == "stopped")
    check_gone(kernel, cell, widgets)


def test_at_its_end_the_controls_are_gone(kernel: Any, server: DemoEndpoint, widgets: Widgets) -> None:
    server.configure(tokens_per_second=0)
    cell = background(kernel, server, widgets, concurrency=16)
    cell.until(lambda: state_of(cell, widgets) == "complete")
    check_gone(kernel, cell, widgets)


def test_a_failed_run_leaves_no_controls(kernel: Any, server: DemoEndpoint, widgets: Widgets) -> None:
    server.set_faults(["status,code=404"])
    cell = background(kernel, server, widgets)
    cell.until(lambda: state_of(cell, widgets) == "failed")
    server.set_faults([])
    check_gone(kernel, cell, widgets)


@pytest.mark.skipif(
    int(version("ipykernel").split(".")[0]) < 7, reason="a kernel without subshells takes a click after the cell"
)
def test_a_click_while_a_later_cell_runs(kernel: Any, server: DemoEndpoint, widgets: Widgets) -> None:
    """As JupyterLab sends it: to a subshell of its own."""
    cell = background(kernel, server, widgets)
    request = kernel.client.session.msg("create_subshell_request")
    kernel.client.control_channel.send(request)
    subshell = kernel.client.get_control_msg(timeout=10)["content"]["subshell_id"]
    busy = kernel.begin("import time; time.sleep(5)")
    busy.until(lambda: busy.of("execute_input"))
    widgets.click("Stop", subshell)
    cell.until(lambda: state_of(cell, widgets) == "stopped")
    assert not busy.idle, "it took the click while the cell ran"
    busy.wait()
    check_gone(kernel, cell, widgets)


@pytest.mark.long
def test_without_a_live_front_end_there_are_no_controls(start_kernel: Callable[..., Any], server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=0)
    kernel = start_kernel(QWQ_NB_LIVE="0")
    kernel.run("%load_ext qwq_nb")
    cell = kernel.run("run = %qwq_eval math_500 --demo --limit 5 --background\nrun.wait()\nNone")
    assert cell.status == "ok"
    cell.until(lambda: cell.displays)
    assert set(cell.displays[0]["content"]["data"]) == {MIME_TYPE, "text/html", "text/plain"}
    assert kernel.run("import sys; print('ipywidgets' in sys.modules)").text == "False\n"


# -- the panel -----------------------------------------------------------------------------------------------------


def test_the_panel_writes_the_line_that_it_runs(kernel: Any, server: DemoEndpoint, widgets: Widgets) -> None:
    server.configure(tokens_per_second=0)
    kernel.use(server)
    cell = kernel.run(f"%qwq_panel math_500 --data {MATH} --limit 10 --seed 3")
    assert cell.status == "ok", cell.text
    line = f"%qwq_eval math_500 --limit 10 --seed 3 --data {MATH} --endpoint own --background"
    assert [set(data) for data in left(cell, widgets)] == [{LINE_MIME, WIDGET, "text/html", "text/plain"}]
    assert left(cell, widgets)[0]["text/plain"] == line
    assert left(cell, widgets)[0][LINE_MIME]["form"] == left(cell, widgets)[0][WIDGET]["model_id"]
    cell.until(lambda: line in widgets.shown())
    widgets.type("Limit", "5")
    cell.until(lambda: "--limit 5 " in widgets.shown())
    widgets.type("Temperature", "hot")
    cell.until(lambda: "--temperature takes a number, not 'hot'." in widgets.shown())
    widgets.type("Temperature", "0.5")
    line = f"%qwq_eval math_500 --limit 5 --seed 3 --data {MATH} --endpoint own --background --temperature 0.5"
    cell.until(lambda: line in widgets.shown())

    kernel.run("'a later cell'")
    widgets.click("Run")
    cell.until(lambda: len(cell.of("display_data")) == 4 and state_of(cell, widgets) == "complete")
    cell.until(lambda: left(cell, widgets)[2] == {})  # the buttons go a moment after the last drawing
    form, written, _, drawn = left(cell, widgets)
    assert written == {LINE_MIME: {"line": line}, "text/html": f"<pre>{line}</pre>", "text/plain": line}
    assert drawn[MIME_TYPE]["sampling"]["temperature"] == 0.5
    assert set(form) == {LINE_MIME, "text/plain"}, "the notebook keeps no widget"
    assert (form[LINE_MIME]["line"], form["text/plain"]) == ("", "")
    again = kernel.run("_qwq_run")
    assert MIME_TYPE in again.displays[0]["content"]["data"], "a cell that names the run shows it"

    # The form stands for the next line.
    cell.until(lambda: not widgets.states[widgets.buttons()["Run"]]["disabled"])
    widgets.type("Data", "nowhere.jsonl")
    cell.until(lambda: "--data nowhere.jsonl" in widgets.shown())
    widgets.click("Run")
    cell.until(lambda: "nowhere.jsonl" in widgets.shown().partition("alert")[2])
    widgets.type("Data", str(MATH))
    cell.until(lambda: line in widgets.shown())
    widgets.type("Limit", "4")
    second = line.replace("--limit 5", "--limit 4")
    cell.until(lambda: second in widgets.shown())
    widgets.click("Run")
    cell.until(lambda: len(left(cell, widgets)) == 7 and left(cell, widgets)[6][MIME_TYPE]["state"] == "complete")
    cell.until(lambda: left(cell, widgets)[5] == {})
    assert [data.get("text/plain") for data in left(cell, widgets)[:5:4]] == ["", second]
    assert left(cell, widgets)[1]["text/plain"] == line
    widgets.click("Close")
    cell.until(lambda: left(cell, widgets)[0] == {})  # its line stands below
    cell.until(lambda: set(widgets.states) == widgets.closed)


def test_what_keeps_a_run_from_beginning_is_said_in_the_panel(kernel: Any, widgets: Widgets) -> None:
    cell = kernel.run("%qwq_panel math_500 --demo")
    widgets.type("Data", "nowhere.jsonl")
    cell.until(lambda: "--data nowhere.jsonl" in widgets.shown())
    widgets.click("Run")
    cell.until(lambda: "nowhere.jsonl" in widgets.shown().partition("alert")[2])
    cell.until(lambda: left(cell, widgets)[1:] == [{}])
    assert WIDGET in left(cell, widgets)[0]
    widgets.type("Data", "sk-0123456789abcdefghijklmnop")
    cell.until(lambda: "Do not put a key into a cell" in widgets.shown())
    assert "sk-0123" not in widgets.shown()
    widgets.type("Data", "")
    cell.until(lambda: "%qwq_eval math_500 --background --demo" in widgets.shown())
    widgets.click("Close")
    cell.until(lambda: WIDGET not in left(cell, widgets)[0])
    assert kernel.run("%qwq_panel").status == "ok"
    kernel.run("%qwq_panel aime24 --demo")
    widgets.click("Close")
    cell.until(lambda: set(widgets.states) == widgets.closed)


def test_the_panel_names_a_header_of_another_endpoint_and_takes_no_secret(kernel: Any, widgets: Widgets) -> None:
    cell = kernel.run("%qwq_panel math_500 --demo")
    widgets.choose("Endpoint", "(another, below)")
    widgets.type("URL", "http://127.0.0.1:1/v1")
    widgets.type("Header variable", "api-key=0123456789abcdef0123456789abcdef")
    cell.until(lambda: "NAME of an environment variable" in widgets.shown())
    assert "0123456789abcdef" not in widgets.shown()
    widgets.type("Header variable", "api-key=AZURE_KEY")
    line = "%qwq_endpoint http://127.0.0.1:1/v1 --header-env api-key=AZURE_KEY"
    cell.until(lambda: line in widgets.shown())
    widgets.click("Close")
    cell.until(lambda: WIDGET not in left(cell, widgets)[0])
    assert left(cell, widgets)[0]["text/plain"].startswith(line)


def test_without_a_live_front_end_the_panel_is_its_line(kernel: Any) -> None:
    kernel.run("import os; os.environ['QWQ_NB_LIVE'] = '0'")
    assert kernel.run("%qwq_panel aime24 --demo").text == "%qwq_eval aime24 --background --demo\n"
    kernel.run("del os.environ['QWQ_NB_LIVE']")
