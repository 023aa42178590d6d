"""Decide what of a saved request is used when its run is resumed: the run's folder may come from somebody else.

A manifest names a URL, the variable of a key, a data file and dataset arguments. Used as they stand, a stranger's
folder would send any variable of the environment, and any file, to any host. They are used only where this kernel has
been given the same ones: the endpoint by `%qwq_endpoint` or as an object, the file and the arguments in a line of this
kernel. Otherwise the resume stops and says what to type.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.paths import expand_user
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import demo_endpoint, endpoint_set_here, note_used
from qwq_nb.errors import OptionError, UnknownEndpoint
from qwq_nb.evaluation.command_line import BUILT_IN
from qwq_nb.evaluation.request import data_path
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.request import EvalRequest, Source
from qwq_nb.view.clean import one_line

__all__ = ["note_request", "own_request"]

_PLAIN = re.compile(r"[A-Za-z0-9._~:/@%+,=-]{1,300}")
"""Words that a line can hold as they are: IPython expands braces and dollars, and the parser quotes."""

_sources: set[str] = set()
_guard = threading.Lock()


def note_request(request: EvalRequest) -> None:
    """Remember the endpoints and the source of a request that this kernel makes."""
    for endpoint in request.all_endpoints:
        note_used(endpoint)
    with _guard:
        _sources.add(_source_key(request.source))


def _source_key(source: Source) -> str:
    data = str(Path(source.data).absolute()) if source.data else ""
    return json.dumps([data, source.dataset_args], sort_keys=True, default=str)


def own_request(
    manifest: Manifest,
    *,
    data: str | Path | None = None,
    endpoint_given: bool = False,
    editor_given: bool = False,
) -> EvalRequest:
    """Return the manifest's request with nothing in it that this kernel was not given.

    Args:
        data: the data file that the resuming line names; it is used in the place of the manifest's.
        endpoint_given: the resuming line names other endpoints.
        editor_given: it names another editor.

    Raises:
        UnknownEndpoint: the manifest's endpoint is not set in this kernel; the message says how to set it.
        OptionError: its data file or its dataset arguments were not given in this kernel.
    """
    request = manifest.request
    if not endpoint_given:
        request = msgspec.structs.replace(request, endpoints=[_own_endpoint(e) for e in request.endpoints])
    if request.editing is not None and request.editing.editor is not None and not editor_given:
        editing = msgspec.structs.replace(
            request.editing, editor=_own_endpoint(request.editing.editor, option="--editor")
        )
        request = msgspec.structs.replace(request, editing=editing)
    return msgspec.structs.replace(request, source=_own_source(manifest, data))


def _own_endpoint(recorded: Endpoint, option: str = "--endpoint") -> Endpoint:
    """Return a recorded endpoint with this kernel's URL, key and certificates, and its own sampling and times."""
    if recorded.is_demo:
        here = demo_endpoint()
        changes: dict[str, Any] = {"url": here.url, "model": here.model, "key_env": "", "header_env": ()}
        return recorded.replace(**changes, ca_bundle="", insecure=False)
    found = endpoint_set_here(recorded)
    if found is not None:
        return recorded.replace(ca_bundle=found.ca_bundle, insecure=found.insecure)
    key = f" with the key in {one_line(recorded.key_env, 100)}" if recorded.key_env else ""
    if recorded.header_env:
        key += f" with the headers {one_line(', '.join(recorded.header_env), 300)}"
    words = [recorded.url, "--model", recorded.model, *(["--key-env", recorded.key_env] if recorded.key_env else [])]
    words += [word for pair in recorded.header_env for word in ("--header-env", pair)]
    line = "by %qwq_endpoint URL --model M --key-env NAME" + " --header-env HEADER=NAME" * bool(recorded.header_env)
    if all(_PLAIN.fullmatch(word) for word in words):
        line = f"by `%qwq_endpoint {' '.join(words)}`"
    raise UnknownEndpoint(
        f"This run asks {one_line(recorded.url, 300)}{key}, and no such endpoint is set in this kernel. A run's folder "
        f"may come from somebody else, so its word is not enough. If it is right, set it {line}, and resume again; "
        f"or give another one by {option} NAME."
    )


def _own_source(manifest: Manifest, data: str | Path | None) -> Source:
    request = manifest.request
    source = request.source
    if data:
        source = msgspec.structs.replace(source, data=str(expand_user(data)))
        unknown = bool(source.dataset_args) and not _is_known(source, request.source)
    elif source.data and request.demo and manifest.data_label == BUILT_IN:
        source = msgspec.structs.replace(source, data=data_path(request.benchmarks, None, demo=True))
        unknown = bool(source.dataset_args) and not _is_known(source)
    else:
        unknown = bool(source.data or source.dataset_args) and not _is_known(source)
    if not unknown:
        return source
    what = f"the problems of {one_line(source.data, 300)}" if source.data and not data else ""
    args = "dataset arguments" if source.dataset_args else ""
    how = "name the file by --data PATH, or run" if what and not args else "Run"
    raise OptionError(
        f"This run asks {' with '.join(filter(None, [what, args]))}, which no line of this kernel has named. A run's "
        f"folder may come from somebody else, so its word is not enough. If it is right, {how} the run's own "
        f"%qwq_eval line, which goes on with it."
    )


def _is_known(*sources: Source) -> bool:
    with _guard:
        return any(_source_key(source) in _sources for source in sources)
