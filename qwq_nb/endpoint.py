"""An OpenAI-compatible endpoint: where it is, which model, where the key comes from (never the key itself), sampling.

Defaults are the sampling that QwQ's authors recommend (QwQ-32B model card, "Usage Guidelines"): temperature 0.6,
top-p 0.95, top-k 40, min-p 0; they warn that greedy decoding ends in endless repetition.
"""

from __future__ import annotations

import os
import re
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from qwq_nb.errors import OptionError, UserError

__all__ = ["DEMO_NAME", "RECOMMENDED_SAMPLING", "Endpoint", "looks_like_key"]

DEMO_NAME = "demo"
RECOMMENDED_SAMPLING: dict[str, Any] = {
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 40,
    "min_p": 0.0,
    "max_tokens": 32768,
}
Think = Literal["auto", "prefilled", "plain"]

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_KEY_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_\-]{8,}|hf_[A-Za-z0-9]{16,}|gsk_[A-Za-z0-9]{16,}|nvapi-[A-Za-z0-9_\-]{16,}"
    r"|AIza[A-Za-z0-9_\-]{20,}|Bearer\s+\S{8,}|eyJ[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{8,})"
)
_SECRET_QUERY = re.compile(r"(?:^|&)[^=&]*(?:key|token|secret|password)[^=&]*=", re.IGNORECASE)
_QWQ_LIKE = re.compile(r"qwq", re.IGNORECASE)


def looks_like_key(text: str) -> bool:
    """Whether `text` holds something of the shape of an API key (`sk-…`, `hf_…`, `Bearer …`, a JWT)."""
    return _KEY_SHAPES.search(text) is not None


class Endpoint(msgspec.Struct, kw_only=True, frozen=True):
    """An endpoint and how it is to be asked. Immutable; `replace()` gives a changed copy.

    Build it with `Endpoint.of(url, model, ...)`, which checks what it is given.
    Times are in seconds. `sampling` goes into the request body unchanged; a value of None leaves the option out.
    """

    url: str
    model: str = ""
    name: str = ""
    key_env: str = ""
    """Name of the environment variable that holds the key; empty for none."""
    sampling: dict[str, Any] = {}
    request_seed: int | None = None
    """Sent as `seed`, plus the repeat's number, so that repeats differ and runs can be repeated."""
    stream: bool = True
    think: Think = "auto"
    """Whether the model's template opens `<think>` itself: `prefilled` yes, `plain` no, `auto` by name and stream."""
    connect_timeout: float = 15.0
    read_timeout: float = 300.0
    """Longest silence within a stream; there is no time-out on the whole of it."""
    deadline: float | None = None
    """Longest time for one completion, or None."""
    max_retries: int = 6
    backoff: float = 1.0
    """Wait before the first retry; it doubles with each further one, up to a minute, with jitter."""
    ca_bundle: str = ""
    insecure: bool = False

    @classmethod
    def of(
        cls,
        url: str,
        model: str = "",
        *,
        name: str = "",
        key_env: str = "",
        extra: dict[str, Any] | None = None,
        stream: bool = True,
        think: Think = "auto",
        connect_timeout: float = 15.0,
        read_timeout: float = 300.0,
        deadline: float | None = None,
        max_retries: int = 6,
        backoff: float = 1.0,
        request_seed: int | None = None,
        ca_bundle: str = "",
        insecure: bool = False,
        **sampling: Any,
    ) -> Endpoint:
        """An endpoint with the recommended sampling, changed by `sampling` and `extra` (which wins).

        Raises:
            OptionError: the URL is not http(s), carries credentials, or an option's value is out of range.
        """
        url = normalise_url(url)
        check_key_env(key_env)
        seconds = {
            "connect-timeout": connect_timeout,
            "read-timeout": read_timeout,
            "deadline": deadline,
            "backoff": backoff,
        }
        for label, value in seconds.items():
            if value is not None and not value > 0:
                raise OptionError(f"{label} must be a positive number of seconds, not {value!r}.")
        if max_retries < 0:
            raise OptionError(f"max-retries must be 0 or more, not {max_retries}.")
        if think not in ("auto", "prefilled", "plain"):
            raise OptionError(f"think must be auto, prefilled or plain, not {think!r}.")
        if ca_bundle and not os.path.isfile(ca_bundle):
            raise OptionError(f"ca_bundle: there is no file {ca_bundle}.")
        merged = {**RECOMMENDED_SAMPLING, **sampling, **(extra or {})}
        check_sampling(merged)
        return cls(
            url=url,
            model=model,
            name=name or default_name(url, model),
            key_env=key_env,
            sampling=merged,
            request_seed=request_seed,
            stream=stream,
            think=think,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            deadline=deadline,
            max_retries=max_retries,
            backoff=backoff,
            ca_bundle=ca_bundle,
            insecure=insecure,
        )

    def replace(self, *, sampling: dict[str, Any] | None = None, **changes: Any) -> Endpoint:
        """A changed copy; `sampling` is merged into what is there."""
        if sampling:
            changes["sampling"] = {**self.sampling, **sampling}
            check_sampling(changes["sampling"])
        return msgspec.structs.replace(self, **changes)

    @property
    def is_demo(self) -> bool:
        return self.name == DEMO_NAME

    @property
    def prefilled(self) -> bool | None:
        """What is declared of the template: True it opens the thought, False it does not, None not known."""
        if self.think == "auto":
            return True if _QWQ_LIKE.search(self.model) and "preview" not in self.model.lower() else None
        return self.think == "prefilled"

    def key(self) -> str:
        """The key, read from the environment at the moment of use; empty where none is wanted.

        Raises:
            UserError: the variable is not set. Its value is never part of a message.
        """
        if not self.key_env:
            return ""
        value = os.environ.get(self.key_env, "").strip()
        if not value:
            raise UserError(
                f"The environment variable {self.key_env}, which should hold the key of endpoint {self.name!r}, is not "
                f"set in this kernel. Set it before Jupyter starts, or in a cell by "
                f"`import os, getpass; os.environ[{self.key_env!r}] = getpass.getpass()`."
            )
        return value

    def body(self, messages: list[dict[str, str]], repeat: int = 0) -> dict[str, Any]:
        """The request body of one chat completion."""
        body: dict[str, Any] = {"model": self.model, "messages": messages}
        body.update((name, value) for name, value in self.sampling.items() if value is not None)
        if self.request_seed is not None:
            body["seed"] = self.request_seed + repeat
        if self.stream:
            body["stream"] = True
            body.setdefault("stream_options", {"include_usage": True})
        return body

    def warnings(self) -> list[str]:
        """What QwQ's authors warn of in this sampling."""
        temperature = self.sampling.get("temperature")
        if temperature is not None and temperature == 0:
            return [
                "temperature 0 is greedy decoding: QwQ's authors warn that it ends in endless repetition; "
                "they recommend temperature 0.6, top-p 0.95."
            ]
        return []


def normalise_url(url: str) -> str:
    """The base URL, to which `/chat/completions` and `/models` are added. Credentials in it are refused."""
    text = url.strip().strip("'\"")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(
            "An endpoint's URL begins with http:// or https:// and names a host, as in http://127.0.0.1:8000/v1."
        )
    if "@" in parts.netloc:
        raise OptionError(
            "The URL carries credentials (user:password@). They would be stored with the notebook: "
            "put the key into an environment variable and give its name by --key-env."
        )
    if _SECRET_QUERY.search(parts.query) or looks_like_key(text):
        raise OptionError(
            "The URL carries what looks like a key. It would be stored with the notebook: "
            "put the key into an environment variable and give its name by --key-env."
        )
    path = re.sub(r"/(?:chat/completions|models)/?\Z", "", parts.path).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def check_key_env(key_env: str) -> None:
    """Refuse anything that is not the name of a variable; the value is not repeated, it may be a key."""
    if key_env and (not _ENV_NAME.match(key_env) or looks_like_key(key_env)):
        raise OptionError(
            "--key-env takes the NAME of an environment variable (such as QWQ_API_KEY), and what was given is not one. "
            "If it was a key: take it out of the cell and out of the history, and revoke it."
        )


def default_name(url: str, model: str) -> str:
    """`model@host:port`, or the host where no model is named."""
    host = urlsplit(url).netloc
    return f"{model.rsplit('/', 1)[-1]}@{host}" if model else host


_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 10),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "max_tokens": (1, 10_000_000),
    "top_k": (-1, 10_000_000),
}


def check_sampling(sampling: dict[str, Any]) -> None:
    """Numbers that no server can mean, and names that the client itself sets."""
    for name, (low, high) in _RANGES.items():
        value = sampling.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise OptionError(f"{name.replace('_', '-')} must be a number from {low} to {high}, not {value!r}.")
    for name in ("messages", "model", "stream", "api_key", "n"):
        if name in sampling:
            raise OptionError(f"{name!r} cannot be set as a sampling option: it is set by qwq_nb itself.")
