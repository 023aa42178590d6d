"""The buttons of a run in the background, in a real kernel: clicks are the messages that a front end sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ipykernel
import pytest

from qwq_nb.demo import DemoEndpoint
from qwq_nb.records import MIME_TYPE
from tests.running import MATH

WIDGET = "application/vnd.jupyter.widget-view+json"
SHARED = "--max-tokens 2000 --request-seed 0 --backoff 0.05"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    with DemoEndpoint() as server:
        yield server


@pytest.fixture
def server(endpoint: DemoEndpoint) -> DemoEndpoint:
    """A demo endpoint at a pace that lasts for some clicks."""
    endpoint.configure(tokens_per_second=150, ttft=0)
    endpoint.reset()
    return endpoint


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
                self.states[content["comm_id"]].update(content["data"]["state"])
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
        content = {"comm_id": self.buttons()[button], "data": {"method": "custom", "content": {"event": "click"}}}
        message = self.kernel.client.session.msg("comm_msg", content)
        message["header"]["subshell_id"] = subshell
        self.kernel.client.shell_channel.send(message)


@pytest.fixture
def widgets(kernel: Any) -> Iterator[Widgets]:
    before = kernel.client.get_iopub_msg
    yield Widgets(kernel)
    kernel.client.get_iopub_msg = before


def background(kernel: Any, server: DemoEndpoint, widgets: Widgets, concurrency: int = 4) -> Any:
    kernel.run(f"%qwq_endpoint {server.url} --model {server.model} --name own {SHARED}")
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
    assert set(first) == {WIDGET, "text/plain"}
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


@pytest.mark.skipif(ipykernel.version_info[0] < 7, reason="a kernel without subshells takes a click after the cell")
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


def test_without_a_live_front_end_there_are_no_controls(start_kernel: Callable[..., Any], server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=0)
    kernel = start_kernel(QWQ_NB_LIVE="0")
    kernel.run("%load_ext qwq_nb")
    cell = kernel.run("run = %qwq_eval math_500 --demo --limit 5 --background\nrun.wait()\nNone")
    assert cell.status == "ok"
    cell.until(lambda: cell.displays)
    assert set(cell.displays[0]["content"]["data"]) == {MIME_TYPE, "text/html", "text/plain"}
    assert kernel.run("import sys; print('ipywidgets' in sys.modules)").text == "False\n"
