"""The page of the whole interactive view: the built renderer within a script, and texts that are data only."""

from __future__ import annotations

import base64
import re
import zlib
from html.parser import HTMLParser

import pytest

from qwq_nb.view import standalone
from qwq_nb.view.standalone import deflated, renderer_module, renderer_styles, standalone_page


class Elements(HTMLParser):
    """Scripts and style sheets as a browser cuts them: by their end tags, wherever these stand."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag if tag in ("script", "style") else ""
        if self._open:
            self.found.append((dict(attrs).get("id") or tag, ""))

    def handle_data(self, data: str) -> None:
        if self._open:
            name, text = self.found[-1]
            self.found[-1] = name, text + data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def test_the_built_renderer_neither_ends_nor_hides_the_script_that_it_stands_in() -> None:
    """HTML, 4.12.1.3, what a script may hold: patterns of its Markdown parser are escaped by the build."""
    module = renderer_module()
    assert len(module) > 300_000, "the whole renderer"
    assert "CDATA" in module, "the Markdown parser's patterns are in it"
    assert not re.findall(r"<!--|</script", module, re.I)
    assert not re.findall(r"</style|<!--", renderer_styles(), re.I)


def test_a_page_holds_the_whole_renderer_and_its_data_apart() -> None:
    page = standalone_page("A <b>", "about </script>", b'{"a": "</script>"}', [b"[1]", b"[2]"], "", "<p>plain</p>")
    elements = Elements(page).found
    assert [name for name, _ in elements] == ["style", "qwq-record", "qwq-block-0", "qwq-block-1", "script"]
    texts = dict(elements)
    assert texts["script"] == renderer_module()
    assert texts["style"] == renderer_styles()
    assert zlib.decompress(base64.b64decode(texts["qwq-record"]), -15) == b'{"a": "</script>"}'
    assert zlib.decompress(base64.b64decode(texts["qwq-block-1"]), -15) == b"[2]"


@pytest.mark.parametrize("text", ["/<!--/", "'</script>'", "'</SCRIPT '"])
def test_a_module_that_would_end_its_script_makes_no_page(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standalone, "renderer_module", lambda: f"const a = {text};")
    with pytest.raises(AssertionError, match="would end the script"):
        standalone_page("t", "", b"{}", [], "", "")


def test_what_is_deflated_is_read_again_whatever_it_holds() -> None:
    content = bytes(range(256)) * 500
    text = deflated(content)
    assert len(text) < 5_000
    assert zlib.decompress(base64.b64decode(text), -15) == content
