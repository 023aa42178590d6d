"""Serve the demo endpoint: an OpenAI-compatible HTTP server that replays transcripts, with faults on demand.

Routes: `/models`, `/chat/completions` and `/completions`, each with and without `/v1`; `/tokenize` and `/detokenize`;
and `/_demo/log`, `/_demo/reset`, `/_demo/faults`, `/_demo/config`, which only this machine may call. What a browser
sends for another site is refused on all routes (see `_refuse_foreign`): a web page must neither change a demo nor read
its prompts.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

from aiohttp import web

from qwq_nb.demo.chat_format import STYLES, ScriptedCompletion, dumps, error_body, script, text_completion, text_events
from qwq_nb.demo.continuation import Vocabulary, continuation, read_prompt, within_budget
from qwq_nb.demo.fault_steps import Step, body_steps, refusal, stream_steps
from qwq_nb.demo.faults import Fault, FaultPlan
from qwq_nb.demo.journal import Journal
from qwq_nb.demo.judge import JUDGE_MODEL, judgement
from qwq_nb.demo.player import play, sever
from qwq_nb.demo.replay import Transcript, Transcripts, Variant, echo, split_tokens
from qwq_nb.demo.request_body import (
    BadRequestError,
    alternatives,
    parsed_body,
    said_in,
    texts_of,
    thinking_budget,
    token_limit,
)
from qwq_nb.demo.settings import Settings, is_style
from qwq_nb.errors import OptionError, did_you_mean

__all__ = ["DemoServer", "is_loopback", "serving"]

MAX_BODY_BYTES = 64 * 1024 * 1024
_NOTHING = Variant("", "", kind="empty")
_Answer = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


class DemoServer:
    """Hold the state of one demo endpoint and the handlers of its routes."""

    def __init__(self, settings: Settings, book: Transcripts, plan: FaultPlan, *, allow_remote: bool = False) -> None:
        """`allow_remote`: other machines may ask, by whatever name this one has; none may control it."""
        self.settings = settings
        self._allow_remote = allow_remote
        self.book = book
        self.plan = plan
        self.journal = Journal()
        self._turns: Counter[str] = Counter()
        self._slots = stream_slots(settings)
        self._vocabulary = Vocabulary()

    def app(self) -> web.Application:
        """Make the aiohttp application."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._refuse_foreign])
        for prefix in ("", "/v1"):
            app.router.add_get(f"{prefix}/models", self.models)
            app.router.add_post(f"{prefix}/chat/completions", self.chat)
            app.router.add_post(f"{prefix}/completions", self.continue_thought)
        app.router.add_post("/tokenize", self.tokenize)
        app.router.add_post("/detokenize", self.detokenize)
        app.router.add_get("/_demo/log", self._control(lambda _: self.journal.report()))
        app.router.add_post("/_demo/reset", self._control(self._reset))
        app.router.add_post("/_demo/faults", self._control(self._set_faults))
        app.router.add_post("/_demo/config", self._control(self._configure))
        return app

    @web.middleware
    async def _refuse_foreign(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse what a browser sends on behalf of another site.

        Its `Origin` says so, or its `Host` where a foreign name was made to lead to this machine (DNS rebinding).
        """
        origins, hosts = request.headers.getall("Origin", []), request.headers.getall("Host", [])
        own = self._allow_remote and not request.path.startswith("/_demo")
        if not all(map(_is_own_origin, origins)):
            return _error(BadRequestError(403, "A web page of another site may not ask this endpoint."))
        if not own and not all(is_loopback(_host_name(host)) for host in hosts):
            return _error(BadRequestError(403, "This endpoint is asked as 127.0.0.1, localhost or [::1] only."))
        return await handler(request)

    async def models(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /v1/models."""
        self.journal.models_requests += 1
        if not self._authorized(request):
            return _error(_unauthorized())
        status = self.settings.models_status
        if status != 200:
            return _error(BadRequestError(status, "This server cannot list its models."))
        data = [{"id": m, "object": "model", "created": 0, "owned_by": "qwq-nb"} for m in self.settings.models]
        return _json({"object": "list", "data": data})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /v1/chat/completions."""
        return await self._recorded(request, self._chat)

    async def _recorded(self, request: web.Request, answer: _Answer) -> web.StreamResponse:
        """Answer a request for a completion, and keep in the journal what became of it."""
        entry = self.journal.begin(request.path, request.headers)
        try:
            response = await answer(request, entry)
        except BadRequestError as bad:
            response = _error(bad)
        finally:
            self.journal.end()
        entry["status"] = None if entry["fault"] == "reset" else response.status
        return response

    async def _chat(self, request: web.Request, entry: dict[str, Any]) -> web.StreamResponse:
        body = await self._asked(request, entry)
        style, limit, top = self._style(body), token_limit(body), alternatives(body)
        texts, model = texts_of(body), str(body["model"])
        if model == JUDGE_MODEL:
            transcript = judgement(texts[-1])
        else:
            transcript = self.book.reply(said_in(body["messages"]), texts[-1], model)
        self.journal.asked(entry, transcript.key)
        most = self.settings.most_streams
        if most and self.journal.active > most:
            raise BadRequestError(429, f"This server answers {most} requests at once.", "rate_limit_exceeded")
        tokens = sum(len(split_tokens(text)) for text in texts)

        fault = self.plan.next(transcript.key, transcript.problem, body)
        if fault:
            entry["fault"] = fault.name
            if fault.kind.refuses:
                return self._refuse(request, fault, body, tokens)
            if fault.name == "hang":
                await asyncio.sleep(float(fault.params["seconds"]))
        is_right = False
        if fault and fault.name == "empty":
            text = script(_NOTHING, None, style, None)
        elif fault and fault.name == "key_answer":
            text = script(echo(request.headers.get("Authorization", "")), None, style, 40)
        else:
            # An attempt that is to fail takes no turn: the retry gets the variant it would have had.
            variant = self._variant(transcript, body, take_turn=fault is None or fault.kind.whole)
            if (budget := thinking_budget(body)) is not None:
                variant = within_budget(transcript.key, variant, budget)
            text = script(variant, limit, style, self.settings.chunks or None, has_tools=bool(body.get("tools")))
            is_right = variant.kind == "right"
        completion = ScriptedCompletion(body["model"], text, tokens, top=top, is_right=is_right)
        response, sent = await self._send(request, body, completion, fault)
        if sent and (fault is None or fault.kind.whole):
            self.journal.completed(transcript.key)
        return response

    async def tokenize(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /tokenize, which generates nothing: the ids of a text's tokens."""
        body = parsed_body(await request.read()) if self._authorized(request) else {}
        return _json({"tokens": self._vocabulary.ids(str(body.get("prompt") or ""))})

    async def detokenize(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /detokenize: the text of tokens."""
        body = parsed_body(await request.read()) if self._authorized(request) else {}
        return _json({"prompt": self._vocabulary.text(body.get("tokens") or [])})

    async def continue_thought(self, request: web.Request) -> web.StreamResponse:
        """Answer POST /v1/completions: a prompt in ChatML whose thought is begun, and whose answer is forced."""
        return await self._recorded(request, self._continue)

    async def _asked(self, request: web.Request, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the body of a request by somebody who may ask, for a model that is served."""
        raw = await request.read()
        if not self._authorized(request):
            raise _unauthorized()
        body = entry["body"] = parsed_body(raw)
        self._check_model(body)
        return body

    async def _continue(self, request: web.Request, entry: dict[str, Any]) -> web.StreamResponse:
        body = await self._asked(request, entry)
        given = body.get("prompt")
        prompt = read_prompt(given) if isinstance(given, str) else None
        if prompt is None:
            raise BadRequestError(400, "`prompt` is a text in ChatML with a user's turn.", param="prompt")
        said = continuation(self.book, prompt, token_limit(body), seed=body.get("seed"))
        self.journal.asked(entry, said.transcript.key)
        fault = self.plan.next(said.transcript.key, said.transcript.problem, body)
        if fault:
            entry["fault"] = fault.name
            if fault.kind.refuses:
                return self._refuse(request, fault, body, said.prompt_tokens)
        rate, ttft = self.settings.tokens_per_second, self.settings.ttft
        given = body["model"], said.text, said.finish, said.prompt_tokens, said.tokens
        if not body.get("stream"):
            await asyncio.sleep(ttft + (said.tokens / rate if rate else 0.0))
            self.journal.completed(said.transcript.key)
            return _json(text_completion(*given))
        response = web.StreamResponse(headers={"Cache-Control": "no-cache", "Content-Type": "text/event-stream"})
        with suppress(ConnectionError):
            await response.prepare(request)
            if await play(request, response, [(event, 1) for event in text_events(*given)], rate, ttft):
                self.journal.completed(said.transcript.key)
        return response

    async def _send(
        self, request: web.Request, body: dict[str, Any], completion: ScriptedCompletion, fault: Fault | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the completion as a stream or as one body; return the response and whether all of it was sent."""
        response = web.StreamResponse(headers={"Cache-Control": "no-cache"})
        rate, ttft = self.settings.tokens_per_second, self.settings.ttft
        authorization = request.headers.get("Authorization", "")
        if body.get("stream") and not (fault and fault.name == "json_instead_of_sse"):
            is_labelled_json = fault is not None and fault.name == "sse_as_json"
            response.content_type = "application/json" if is_labelled_json else "text/event-stream"
            response.charset = "utf-8"
            options = body.get("stream_options")
            usage = isinstance(options, dict) and bool(options.get("include_usage"))
            steps: Iterable[Step] = stream_steps(completion, usage, fault, authorization)
        else:
            response.content_type = "application/json"
            response.content_length, steps = body_steps(completion, fault, authorization)
            # A body comes when its last token would have come.
            await asyncio.sleep(ttft + (completion.script.tokens / rate if rate else 0.0))
            rate = ttft = 0.0
        try:
            await response.prepare(request)
            async with self._slots:
                return response, await play(request, response, steps, rate, ttft)
        except ConnectionError:
            return response, False

    def _refuse(self, request: web.Request, fault: Fault, body: dict[str, Any], tokens: int) -> web.StreamResponse:
        if fault.name == "reset":
            sever(request, reset=True)
            return web.Response(status=500)  # never sent: the connection is gone
        answer = refusal(fault, body, tokens, request.headers.get("Authorization", ""))
        return web.Response(
            status=answer.status, body=answer.body, content_type=answer.content_type, headers=answer.headers
        )

    def _variant(self, transcript: Transcript, body: dict[str, Any], *, take_turn: bool) -> Variant:
        variants, seed = transcript.variants_for(body), body.get("seed")
        if isinstance(seed, int):
            return variants[seed % len(variants)]
        turn = self._turns[transcript.key]
        self._turns[transcript.key] += take_turn
        return variants[turn % len(variants)]

    def _authorized(self, request: web.Request) -> bool:
        if self.settings.key is None:
            return True
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(given, f"Bearer {self.settings.key}".encode())

    def _check_model(self, body: dict[str, Any]) -> None:
        model, models = body.get("model"), self.settings.models
        if model not in (*models, JUDGE_MODEL):
            message = f"The model {model!r} does not exist. Served here: {', '.join(models)}."
            raise BadRequestError(404, message + did_you_mean(str(model), models), "model_not_found", "model")

    def _style(self, body: dict[str, Any]) -> str:
        kwargs = body.get("chat_template_kwargs")
        style = kwargs.get("style", self.settings.style) if isinstance(kwargs, dict) else self.settings.style
        if not is_style(style):
            message = f"chat_template_kwargs.style is one of {', '.join(STYLES)}, not {style!r}."
            raise BadRequestError(400, message, param="chat_template_kwargs")
        return str(style)

    def _control(self, action: Callable[[Any], object]) -> Callable[[web.Request], Any]:
        """Make a handler that passes the JSON body to `action` and answers what that returns."""

        async def handle(request: web.Request) -> web.Response:
            if not is_loopback(request.remote or ""):
                return _error(BadRequestError(403, "Only the machine the endpoint runs on may control it."))
            if request.method == "POST" and request.content_type != "application/json":
                return _error(BadRequestError(415, "The body's Content-Type is application/json."))
            raw = await request.read()
            try:
                return _json(action(json.loads(raw) if raw else None))
            except (ValueError, TypeError) as error:  # OptionError is a ValueError
                return _error(BadRequestError(400, str(error)))

        return handle

    def _reset(self, _: Any) -> object:
        self.journal.clear()
        self._turns.clear()
        self.plan.restart()
        return {}

    def _set_faults(self, specs: Any) -> object:
        if not isinstance(specs, list) or not all(isinstance(spec, str) for spec in specs):
            raise OptionError("The body is a JSON list of fault specs.")
        self.plan = FaultPlan(specs)
        return {"faults": specs}

    def _configure(self, changes: Any) -> object:
        if not isinstance(changes, dict):
            raise OptionError("The body is a JSON object of settings.")
        self.settings = self.settings.changed(changes)
        if "batch" in changes:
            self._slots = stream_slots(self.settings)
        return {name: getattr(self.settings, name) for name in changes}


@asynccontextmanager
async def serving(endpoint: DemoServer, host: str, port: int) -> AsyncIterator[str]:
    """Serve `endpoint` at `host` (port 0: any free one), and yield its root URL.

    Raises:
        OSError: the port is taken, or may not be used.
    """
    # With cancellation a handler that hangs ends when its client goes.
    runner = web.AppRunner(endpoint.app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        await runner.cleanup()


def stream_slots(settings: Settings) -> AbstractAsyncContextManager[Any]:
    """Make the context that a stream enters while it is written: a semaphore of `batch` slots, or none."""
    return asyncio.Semaphore(settings.batch) if settings.batch else nullcontext()


def is_loopback(host: str) -> bool:
    """Return whether `host`, an address or `localhost`, can be reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    """Return the host of a `Host` header without its port, in lower case."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:\d+)?", host.strip())
    return found[1].strip("[]").lower() if found else ""


def _is_own_origin(origin: str) -> bool:
    """Return whether an `Origin` header names a page of this machine, as JupyterLab's."""
    scheme, _, host = origin.strip().partition("://")
    return scheme.lower() in ("http", "https") and is_loopback(_host_name(host))


def _unauthorized() -> BadRequestError:
    return BadRequestError(401, "The API key is missing or wrong.", "invalid_api_key")


def _error(bad: BadRequestError) -> web.Response:
    kind = "server_error" if bad.status >= 500 else "invalid_request_error"
    return _json(error_body(str(bad), kind, param=bad.param, code=bad.code), bad.status)


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=dumps(value), status=status, content_type="application/json")
