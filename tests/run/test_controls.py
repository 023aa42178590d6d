"""What stands beside the buttons of a run in the background; the buttons themselves: tests/browser/test_controls.py."""

from __future__ import annotations

from qwq_nb.core.run_record import Progress
from qwq_nb.run.controls import status, waiting


def test_how_far_it_is() -> None:
    progress = Progress(total=40, done=12, in_flight=8, eta_s=31.0)
    assert status("running", progress) == "running: 12 of 40 done, 8 streaming, about 30 s left"
    assert status("running", progress, "stop").startswith("stopping: ")


def test_why_it_waits() -> None:
    said = "local refuses the key (HTTP 401 <b>$x$</b>). In a cell: `os.environ['K'] = getpass.getpass()`"
    html = waiting(Progress(waiting=said))
    assert "<b>Waiting:</b> local refuses the key" in html
    assert "<code>os.environ[&#x27;K&#x27;] = getpass.getpass()</code>" in html
    assert "&lt;b&gt;" in html, "what a server says is text"
    assert "$x$" not in html, "and no formula"
    assert waiting(Progress()) == ""
