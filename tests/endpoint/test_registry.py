"""The endpoints of a kernel, by name, and the one question each is asked when it is set."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import EndpointStatus, connect, endpoints, get_endpoint, served_models, set_default
from qwq_nb.errors import EndpointRefused, OptionError, UnknownEndpoint
from tests.support.hostile_server import HostileServer, Reply, head
from tests.support.refusing_server import refusing_server

LAB = Endpoint("http://127.0.0.1:8000/v1", "QwQ-32B", name="lab")
CLOUD = Endpoint("https://example.org/v1", "qwq-plus", name="cloud")


def test_none_is_set() -> None:
    assert endpoints() == {}
    with pytest.raises(UnknownEndpoint, match=r"%qwq_endpoint http://.* --demo"):
        get_endpoint()


def test_the_one_set_last_is_the_default_and_the_others_go_by_name() -> None:
    set_default(LAB)
    set_default(CLOUD)
    assert list(endpoints()) == ["cloud", "lab"]
    assert get_endpoint() == CLOUD
    assert get_endpoint("lab") == LAB
    set_default(LAB)
    assert (list(endpoints()), get_endpoint()) == (["lab", "cloud"], LAB)


def test_a_name_that_there_is_not() -> None:
    set_default(LAB)
    with pytest.raises(UnknownEndpoint, match=r"Did you mean 'lab'\?"):
        get_endpoint("labb")


def test_connect_asks_once_and_sets_the_default(demo_endpoint: Callable[..., DemoEndpoint]) -> None:
    demo = demo_endpoint()
    status = connect(Endpoint(demo.url, demo.model, name="lab"))
    assert (status.served, status.problem) == ([demo.model], "")
    assert status.line == f"✓ Endpoint 'lab': {demo.url} answers and serves {demo.model}."
    assert get_endpoint() == status.endpoint
    assert served_models() == [demo.model]
    assert (demo.log()["models_requests"], demo.log()["requests"]) == (1, 0)


@pytest.mark.parametrize("code", [404, 500])
def test_an_endpoint_that_does_not_list_its_models_is_used_with_a_note(
    demo_endpoint: Callable[..., DemoEndpoint], code: int
) -> None:
    demo = demo_endpoint(models_status=code)
    status = connect(Endpoint(demo.url, "QwQ-32B"))
    assert f"GET /models gave HTTP {code}, so 'QwQ-32B' is used unchecked" in status.line
    assert get_endpoint() == status.endpoint
    with pytest.raises(OptionError, match=f"Which model.*HTTP {code}"):
        connect(Endpoint(demo.url))


def test_an_endpoint_that_is_not_there_is_kept_with_a_note() -> None:
    status = connect(Endpoint("http://127.0.0.1:9/v1", "QwQ-32B"))
    assert "is the server running" in status.line
    assert get_endpoint() == status.endpoint


def test_a_model_that_is_not_listed_gets_the_nearest(demo: DemoEndpoint) -> None:
    status = connect(Endpoint(demo.url, "QwQ-32B-dmeo"))
    assert f"does not list 'QwQ-32B-dmeo'. Did you mean '{demo.model}'?" in status.line


def test_the_only_model_need_not_be_named(demo: DemoEndpoint) -> None:
    status = connect(Endpoint(demo.url))
    assert status.endpoint.model == demo.model
    assert status.endpoint.name == f"{demo.model}@{demo.root.removeprefix('http://')}"
    assert connect(Endpoint(demo.url, name="mine")).endpoint.name == "mine"


def test_one_of_several_models_has_to_be_named(demo_endpoint: Callable[..., DemoEndpoint]) -> None:
    demo = demo_endpoint(models=["a", "b"])
    with pytest.raises(OptionError, match=r"Name it by --model. It serves: a, b\."):
        connect(Endpoint(demo.url))
    assert endpoints() == {}


def test_of_many_models_some_are_named(demo_endpoint: Callable[..., DemoEndpoint]) -> None:
    demo = demo_endpoint(models=[f"model-{n}" for n in range(30)])
    with pytest.raises(OptionError, match=r"model-19 and 10 more\.$"):
        connect(Endpoint(demo.url))
    assert connect(Endpoint(demo.url, "zzz")).line.endswith("does not list 'zzz'. It lists 30 models.")


def test_a_forgotten_version_is_added() -> None:
    """The demo answers without /v1 too; most servers do not."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/v1/models"
            body = b'{"data": [{"id": "QwQ-32B"}]}' if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        status = connect(Endpoint(f"http://127.0.0.1:{server.server_port}", "QwQ-32B"))
        server.shutdown()
    assert status.endpoint.url == f"http://127.0.0.1:{server.server_port}/v1"
    assert "answers and serves QwQ-32B" in status.line


def test_an_endpoint_that_lists_nothing() -> None:
    assert EndpointStatus(endpoint=LAB).line.endswith("does not list 'QwQ-32B'. It lists no model.")


def test_an_unverified_certificate_is_said_aloud() -> None:
    status = EndpointStatus(endpoint=LAB.replace(insecure=True), served=["QwQ-32B"])
    assert status.line.endswith("TLS certificates are NOT verified.")


def test_the_demo_says_that_it_is_one(demo: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwq_nb.demo._shared", demo)
    endpoint = get_endpoint("demo")
    assert (endpoint.is_demo, endpoint.url) == (True, demo.url)
    assert EndpointStatus(endpoint=endpoint).line.startswith("DEMO endpoint")


def test_the_key_is_not_in_the_line(
    demo_endpoint: Callable[..., DemoEndpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWQ_TEST_KEY", "hunter2hunter2")
    demo = demo_endpoint(require_key_env="QWQ_TEST_KEY")
    status = connect(Endpoint(demo.url, demo.model, key_env="QWQ_TEST_KEY"))
    assert "answers and serves" in status.line
    assert "hunter2" not in status.line + repr(status)
    monkeypatch.setenv("QWQ_TEST_KEY", "wrong")
    with pytest.raises(EndpointRefused, match=r"refused the key in QWQ_TEST_KEY.* HTTP 401") as caught:
        connect(status.endpoint)
    assert "wrong" not in str(caught.value)
    with pytest.raises(EndpointRefused, match=r"wants a key\. .*--key-env QWQ_API_KEY.*--header-env"):
        connect(status.endpoint.replace(key_env=""))


def test_litellms_words_for_an_unknown_key_are_known() -> None:
    async def proxy(reply: Reply) -> None:
        await reply.send(head("application/json", "400 Bad Request"), b'{"error": {"message": "No connected db."}}')

    with HostileServer(proxy) as server, pytest.raises(EndpointRefused, match="wants a key"):
        connect(server.endpoint())


# -- what a server says of itself ------------------------------------------------------------------------------------

CLEAR = "\x1b[2J\x1b]8;;https://evil.invalid\x07\u202e"


def test_ids_that_drive_a_terminal_are_spelt_out() -> None:
    with refusing_server([f"a{CLEAR}\nNote: all is well.", "b"]) as url:
        line = connect(Endpoint(url, "zzz")).line
        with pytest.raises(OptionError) as caught:
            connect(Endpoint(url))
    for said in (line, str(caught.value)):
        assert "a␛[2J␛]8;;https://evil.invalid␇\\u202e Note: all is well., b." in said


def test_ids_of_any_length_and_number_make_a_short_line() -> None:
    with refusing_server(["x" * 200_000 + str(n) for n in range(15)]) as url:
        assert len(connect(Endpoint(url, "zzz")).line) < 2_200
        with pytest.raises(OptionError) as caught:
            connect(Endpoint(url))
    assert len(str(caught.value)) < 2_200


@pytest.mark.parametrize("model", ["x" * 200, "a\x1b[2J", "a\u202eb", "a\nb", "m-hunter2%2B%2Fhunter2"])
def test_the_only_model_is_not_taken_unasked_if_it_cannot_be_shown(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setenv("QWQ_TEST_KEY", "hunter2+/hunter2")
    with refusing_server([model]) as url:
        with pytest.raises(OptionError, match="Which model"):
            connect(Endpoint(url, key_env="QWQ_TEST_KEY"))
        assert connect(Endpoint(url, model, key_env="QWQ_TEST_KEY")).endpoint.model == model, "named, it is used"


@pytest.mark.parametrize("spelt", ["hunter2+/hunter2", "hunter2%2B%2Fhunter2", "aHVudGVyMisvaHVudGVyMg=="])
def test_a_key_in_an_id_is_not_shown(monkeypatch: pytest.MonkeyPatch, spelt: str) -> None:
    monkeypatch.setenv("QWQ_TEST_KEY", "hunter2+/hunter2")
    with refusing_server([f"m:{spelt}", "b"]) as url:
        status = connect(Endpoint(url, "zzz", key_env="QWQ_TEST_KEY"))
    assert "m:[key removed], b." in status.line
    assert spelt not in repr(status)
    assert served_models() == ["b"], "nor offered at TAB"
