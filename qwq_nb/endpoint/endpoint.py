"""Describe an OpenAI-compatible endpoint: URL, model, the key's variable (never the key itself), sampling.

Defaults are the sampling that QwQ's authors recommend (QwQ-32B model card, "Usage Guidelines"): temperature 0.6,
top-p 0.95, top-k 40, min-p 0; they warn that greedy decoding ends in endless repetition.
"""

from __future__ import annotations

import inspect
import math
import os
import re
import unicodedata
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from qwq_nb.core.records import Message
from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT, DIALECTS
from qwq_nb.endpoint.key_variables import check_variable, header_variables, looks_like_key, read_variable
from qwq_nb.endpoint.typed_options import Think
from qwq_nb.errors import OptionError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from qwq_nb.endpoint.typed_options import ConstructorOptions

__all__ = ["DEMO_NAME", "RECOMMENDED_SAMPLING", "Endpoint"]

DEMO_NAME = "demo"
RECOMMENDED_SAMPLING: dict[str, Any] = {
    "temperature": 0.6,
    "top_p": 0.95,
    "top_k": 40,
    "min_p": 0.0,
    "max_tokens": 32768,
}

MOST_ALTERNATIVES = 20
"""Alternatives a token that OpenAI's API, vLLM and llama.cpp send at most."""

HOTTEST = 2
"""Temperature up to which answers are text: the range of OpenAI's API is 0 to 2."""

_SECRET_QUERY = re.compile(r"(?:^|&)[^=&]*(?:key|token|secret|password)[^=&]*=", re.IGNORECASE)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\\]")
_QWQ_LIKE = re.compile(r"qwq", re.IGNORECASE)


@dataclass(frozen=True, init=False)
class Endpoint:
    """Describe an endpoint and its options. Immutable; `replace()` makes a changed copy. Times are in seconds.

    `Endpoint("http://127.0.0.1:8000/v1", "Qwen/QwQ-32B", key_env="QWQ_API_KEY", temperature=0.6)`
    """

    url: str
    model: str = ""
    name: str = ""
    """`model@host` if none is given."""
    key_env: str = ""
    """Name of the environment variable that holds the key; empty for none."""
    header_env: tuple[str, ...] = ()
    """Further headers, each as `name=VARIABLE`: sent with the variable's value. A mapping of names is taken too."""
    sampling: dict[str, Any] = field(default_factory=dict)
    """Goes into the request body unchanged; a value of None leaves the option out."""
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
    patience: float | None = 3600.0
    """How long a run waits in its course for an endpoint that is down, or for a new key; None: without limit."""
    ca_bundle: str = ""
    insecure: bool = False
    price_in: float | None = None
    """Price of a million prompt tokens, in any unit; None: not known."""
    price_out: float | None = None
    """Price of a million completion tokens, reasoning included."""
    price_currency: str = ""
    """What the prices are in, as it is shown beside a cost: `USD`, `€`; empty: no unit is shown."""

    dialect: str = DEFAULT_DIALECT
    """The format that the endpoint speaks: see `register_dialect`."""

    def __init__(self, url: str, model: str = "", **options: Unpack[ConstructorOptions]) -> None:
        """Take the options by name: the attributes of this class, and any other one as sampling.

        The sampling is the recommended one, changed by those options and by `extra`, a dict, which wins.

        Raises:
            OptionError: the URL is not http(s), carries credentials, or an option's value is out of range.
        """
        sampling: dict[str, Any] = {**options}
        extra = sampling.pop("extra", None) or {}
        own = {f.name: sampling.pop(f.name) for f in fields(self) if f.name != "sampling" and f.name in sampling}
        base = normalise_url(url)
        self._set({f.name: f.default for f in fields(self) if f.default is not MISSING})
        self._set({**own, "url": base, "model": model, "name": own.get("name") or default_name(base, model)})
        self._set({"sampling": {**RECOMMENDED_SAMPLING, **sampling, **extra}})
        self.check()

    def _set(self, values: dict[str, Any]) -> None:
        if "header_env" in values:
            values = {**values, "header_env": header_variables(values["header_env"] or ())}
        for attribute, value in values.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def recorded(cls, model: str, name: str) -> Endpoint:
        """Return the endpoint of a run without a URL: it can be shown, but takes no requests."""
        endpoint = object.__new__(cls)
        endpoint._set({f.name: f.default for f in fields(cls) if f.default is not MISSING})
        endpoint._set({"url": "", "model": model, "name": name, "sampling": {}})
        return endpoint

    def with_recorded(self, sampling: dict[str, Any]) -> Endpoint:
        """Return a copy with the sampling that another tool wrote down: it is shown, and checked by nobody."""
        changed = object.__new__(type(self))
        changed._set({**{f.name: getattr(self, f.name) for f in fields(self)}, "sampling": dict(sampling)})
        return changed

    def replace(self, *, sampling: dict[str, Any] | None = None, **changes: Any) -> Endpoint:
        """Return a changed copy; `sampling` is merged into the present sampling.

        Raises:
            OptionError: as for the constructor.
            TypeError: there is no such attribute.
        """
        if sampling:
            changes["sampling"] = {**self.sampling, **sampling}
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if unknown := changes.keys() - values.keys():
            raise TypeError(f"an endpoint has no {', '.join(sorted(unknown))}")
        changed = object.__new__(type(self))
        changed._set({**values, **changes})
        changed.check()
        return changed

    def check(self) -> None:
        """Check the options' values. Raises OptionError for one out of range."""
        check_variable(self.key_env, "--key-env takes")
        headers = {pair.partition("=")[0].lower() for pair in self.header_env}
        if self.key_env and "authorization" in headers:
            raise OptionError("--key-env sets the header Authorization: give it, or --header-env Authorization=VAR.")
        seconds = {
            "connect-timeout": self.connect_timeout,
            "read-timeout": self.read_timeout,
            "deadline": self.deadline,
            "backoff": self.backoff,
            "patience": self.patience,
        }
        for label, value in seconds.items():
            if value is not None and not (is_number(value) and 0 < value < math.inf):
                raise OptionError(f"{label} must be a positive number of seconds, not {value!r}.")
        for label, price in (("price-in", self.price_in), ("price-out", self.price_out)):
            if price is not None and not (is_number(price) and 0 <= price < math.inf):
                raise OptionError(f"{label} must be the price of a million tokens, 0 or more, not {price!r}.")
        if (self.price_in is None) != (self.price_out is None):
            raise OptionError("price-in and price-out are given together: what is left out is not free.")
        if not is_currency(self.price_currency):
            raise OptionError(
                f"price-currency is the name of a currency, as in USD or CNY, or its sign, not {self.price_currency!r}."
            )
        for label, number in (("max-retries", self.max_retries), ("request-seed", self.request_seed)):
            if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
                raise OptionError(f"{label} must be a whole number, not {number!r}.")
        if self.max_retries < 0:
            raise OptionError(f"max-retries must be 0 or more, not {self.max_retries}.")
        if self.think not in ("auto", "prefilled", "plain"):
            raise OptionError(f"think must be auto, prefilled or plain, not {self.think!r}.")
        if self.dialect != DEFAULT_DIALECT:
            DIALECTS.get(str(self.dialect))
        if self.ca_bundle and not os.path.isfile(self.ca_bundle):
            raise OptionError(f"ca-bundle: there is no file {self.ca_bundle}.")
        check_sampling(self.sampling)

    @property
    def prices(self) -> tuple[float, float] | None:
        """Return the prices of a million prompt and a million completion tokens; None if they are not known."""
        return None if self.price_in is None or self.price_out is None else (self.price_in, self.price_out)

    @property
    def token_limit(self) -> int | None:
        """Return the limit of a completion's tokens that is sent, under whichever name; None if there is none."""
        for name in ("max_completion_tokens", "max_tokens"):
            limit = self.sampling.get(name)
            if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0:
                return limit
        return None

    @property
    def sent_sampling(self) -> dict[str, Any]:
        """Return the sampling options as a request has them: without those that are left out.

        Log probabilities are two fields there. The number of alternatives is always named: llama.cpp sends 20 without.
        """
        sent = {name: value for name, value in self.sampling.items() if value is not None}
        alternatives = sent.get("logprobs")
        if isinstance(alternatives, int) and not isinstance(alternatives, bool):
            sent |= {"logprobs": True, "top_logprobs": alternatives}
        return sent

    def address(self, path: str) -> str:
        """Return the URL of `path` below the base URL, whose query (`?api-version=…`) stays at the end."""
        base, mark, query = self.url.partition("?")
        return f"{base.rstrip('/')}/{path}{mark}{query}"

    @property
    def is_demo(self) -> bool:
        """Return whether this is the built-in endpoint."""
        return self.name == DEMO_NAME

    @property
    def prefilled(self) -> bool | None:
        """Return whether the chat template opens `<think>` in the prompt, as declared by `think`; None: not known."""
        if self.think == "auto":
            return True if _QWQ_LIKE.search(self.model) and "preview" not in self.model.lower() else None
        return self.think == "prefilled"

    def key(self) -> str:
        """Return the key, read from the environment at the moment of use; empty if none is needed.

        Raises:
            UserError: the variable is not set, or its value cannot be a key. The value is never part of a message.
        """
        return read_variable(self.key_env, f"the key of endpoint {self.name!r}") if self.key_env else ""

    @property
    def secrets(self) -> dict[str, str]:
        """Return the names of all environment variables whose values are sent, with what each should hold."""
        found = {self.key_env: f"the key of endpoint {self.name!r}"} if self.key_env else {}
        for pair in self.header_env:
            header, _, variable = pair.partition("=")
            found.setdefault(variable, f"the header {header} of endpoint {self.name!r}")
        return found

    def check_secrets(self) -> None:
        """Check that the key, and what the headers should hold, are there.

        Raises:
            UserError: a variable is not set, or its value cannot be sent.
        """
        for variable, purpose in self.secrets.items():
            read_variable(variable, purpose)

    def body(self, messages: list[Message], repeat: int = 0) -> dict[str, Any]:
        """Return the request body of one completion, in the endpoint's dialect."""
        body: dict[str, Any] = DIALECTS.get(self.dialect).body(self, messages, repeat=repeat, tools=())
        return body

    def warnings(self) -> list[str]:
        """Return the warnings of QwQ's authors that apply to this sampling, and of a temperature that makes noise."""
        temperature = self.sampling.get("temperature")
        if temperature is not None and temperature > HOTTEST:
            return [
                f"temperature {temperature:g} is above {HOTTEST}, the most that OpenAI's API takes: most servers "
                f"refuse it, and what others write is noise. QwQ's authors recommend temperature 0.6."
            ]
        if temperature is not None and temperature == 0:
            return [
                "temperature 0 is greedy decoding: QwQ's authors warn that it ends in endless repetition; "
                "they recommend temperature 0.6, top-p 0.95."
            ]
        return []


def signature_of(kind: type[Endpoint]) -> inspect.Signature:
    """Return the signature of `Endpoint(…)`, made of its fields, for `Endpoint?`, completion and the reference."""
    first, *rest = [f for f in fields(kind) if f.name != "sampling"]
    word, extra = inspect.Parameter, "dict[str, Any] | None"
    given = [word("self", word.POSITIONAL_ONLY), word(first.name, word.POSITIONAL_OR_KEYWORD, annotation=first.type)]
    for f in rest:
        how = word.POSITIONAL_OR_KEYWORD if f.name == "model" else word.KEYWORD_ONLY
        given.append(word(f.name, how, default=f.default, annotation=f.type))
    given.append(word("extra", word.KEYWORD_ONLY, default=None, annotation=extra))
    return inspect.Signature([*given, word("sampling", word.VAR_KEYWORD, annotation="Any")], return_annotation=None)


Endpoint.__init__.__signature__ = signature_of(Endpoint)  # type: ignore[attr-defined]


def normalise_url(url: str) -> str:
    """Return the base URL, to which `/chat/completions` and `/models` are added.

    Raises:
        OptionError: the URL is not http(s), names no host, or carries credentials.
    """
    text = url.strip().strip("'\"")
    try:
        parts = urlsplit(text)
        # Reading the port checks it; and urlsplit would drop tabs and line ends without a word.
        well_formed = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:
        well_formed = False
    if not well_formed or _BLANK.search(text):
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


def default_name(url: str, model: str) -> str:
    """Return `model@host:port`, or the host if no model is named."""
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


def is_number(value: Any) -> bool:
    """Return whether `value` is an int or a float; True and False are not numbers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_currency(value: Any) -> bool:
    """Return whether a value is a short word or sign that can stand beside an amount; empty for none."""
    return (
        isinstance(value, str)
        and len(value) <= 8
        and all(c.isalpha() or unicodedata.category(c) == "Sc" for c in value)
    )


def check_sampling(sampling: dict[str, Any]) -> None:
    """Check the sampling options. Raises OptionError for a number out of range, or a name that qwq_nb sets."""
    for name, (low, high) in _RANGES.items():
        value = sampling.get(name)
        if value is None:
            continue
        if not is_number(value) or not low <= value <= high:
            raise OptionError(f"{name.replace('_', '-')} must be a number from {low} to {high}, not {value!r}.")
    alternatives = sampling.get("logprobs")
    is_count = alternatives is None or (isinstance(alternatives, int) and 0 <= alternatives <= MOST_ALTERNATIVES)
    if not is_count:
        raise OptionError(
            f"logprobs is how many alternatives a token are sent, a whole number from 0 to {MOST_ALTERNATIVES}, not "
            f"{alternatives!r}."
        )
    for name in ("messages", "model", "stream", "api_key", "n"):
        if name in sampling:
            raise OptionError(f"{name!r} cannot be set as a sampling option: it is set by qwq_nb itself.")
