"""The reference of magics and API, from what `%load_ext qwq_nb` registers and from `qwq_nb.__all__`."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import os
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import docstrings
from docstrings import Docstring, cell, code_names, parse, prose, sentences, signature

import qwq_nb
from qwq_nb.core.options import Option
from qwq_nb.endpoint import options

HEAD = """\
# Reference

Written by `make docs` from the docstrings and the options' help: change those, not this page.
"""
ERRORS = """\
Everything that qwq_nb raises on purpose is a `QwqError`. In a cell, the magics show it as one message without a
traceback, and the cell fails; in Python it is raised as it is.
"""


MANY = 10
"""Options that two magics share are listed once where they are more."""


class Magic(NamedTuple):
    name: str
    owner: type
    function: Callable[..., Any]
    doc: Docstring

    @property
    def sign(self) -> str:
        return self.name if self.name.startswith("%") else f"%{self.name}"


# -- what there is -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def shell() -> Iterator[Any]:
    """An IPython shell that knows nothing of this machine's settings."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CONFIG_HOME"] = folder
        os.environ["IPYTHONDIR"] = folder
        os.chdir(folder)
        try:
            yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        finally:
            os.chdir(before)
            InteractiveShell.clear_instance()


def magics() -> list[Magic]:
    """Every magic that `%load_ext qwq_nb` registers, whatever class it is of, in the order of the source."""
    with shell() as ip:
        registered = ip.magics_manager.magics
        before = {kind: set(found) for kind, found in registered.items()}
        ip.run_line_magic("load_ext", "qwq_nb")
        found: dict[str, Magic] = {}
        for kind in ("line", "cell"):
            for name in sorted(set(registered[kind]) - before[kind]):
                function = registered[kind][name]
                sign = name if kind == "line" else f"%%{name}"
                if name not in found:
                    owner = type(getattr(function, "__self__", None))
                    found[name] = Magic(sign, owner, function, parse(function.__doc__))
    return sorted(found.values(), key=lambda m: (m.function.__module__, first_line(m.function)))


def first_line(function: Callable[..., Any]) -> int:
    return int(inspect.unwrap(function).__code__.co_firstlineno)


def known_options() -> dict[str, list[Option]]:
    """All options of all tables, by name: a docstring holds a name and a help, a table the choices too."""
    found: dict[str, list[Option]] = {}
    for module in [m for n, m in sorted(sys.modules.items()) if n.startswith("qwq_nb")]:
        for table in list(vars(module).values()):
            if isinstance(table, tuple) and table and all(isinstance(o, Option) for o in table):
                for option in table:
                    found.setdefault(option.name, []).append(option)
    return found


def options_of(magic: Magic, known: dict[str, list[Option]]) -> list[Option]:
    """The magic's options: those of its docstring, which the shell shows too."""
    found = []
    for _, line in magic.doc.sections.get("Options", []):
        name = line.split()[0]
        fits = [o for o in known.get(name, []) if line.endswith(o.help)]
        found.append(fits[0] if fits else Option(name, "text", line[len(name) :].strip()))
    return found


# -- magics ------------------------------------------------------------------------------------------------------


def magic_section(magic: Magic, tables: dict[str, list[Option]]) -> str:
    usage = [p for p in magic.doc.paragraphs if is_usage(p)]
    said = [p for p in magic.doc.paragraphs if not is_usage(p)]
    parts = [f"### `{magic.sign}`", prose(said)]
    if usage:
        parts.append("\n".join(["```python", *(textwrap.dedent(p) for p in usage), "```"]))
    own, groups = list(tables[magic.sign]), []
    earlier = list(tables)[: list(tables).index(magic.sign)]
    for sign in sorted(earlier, key=lambda s: -len(tables[s])):
        if len(tables[sign]) > MANY and all(o in own for o in tables[sign]):
            own = [o for o in own if o not in tables[sign]]
            groups.append(f"those of [`{sign}`](#{anchor(sign)})")
    for title, group in (("sampling options", options.SAMPLING), ("transport options", options.TRANSPORT)):
        if all(o in own for o in group):
            own = [o for o in own if o not in group]
            groups.append(f"the [{title}](#{anchor(title)})")
    if own:
        parts.append(option_table(own))
    if groups:
        parts.append(f"{'And ' if own else 'Options: '}{' and '.join(groups)}.")
    bodies = bodies_of(magic)
    public = [c.__name__ for c in calls_in(bodies[:1]) if c.__name__ in qwq_nb.__all__]
    if public:
        parts.append(f"In Python: {', '.join(f'[`{name}`](#{anchor(name)})' for name in public)}.")
    docs = [parse(call_doc(call)) for call in calls_in(bodies)]
    raised = unique(entry for doc in docs for entry in doc.sections.get("Raises", []))
    if raised:
        parts.append(f"Errors:\n\n{docstrings.errors(raised)}")
    return "\n\n".join(parts)


def is_usage(paragraph: str) -> bool:
    """Lines of code: the line of a magic, and below `%%qwq` the text of its cell."""
    return re.match(r"\s*(?:\w+ = )?%{1,2}\w", paragraph) is not None


def option_table(table: Sequence[Option]) -> str:
    rows = ["| option | meaning |", "|---|---|"]
    for option in table:
        value = option.metavar or ("\\|".join(option.choices) if option.kind == "choice" else "")
        rows.append(f"| `{' '.join(filter(None, (option.name, value)))}` | {cell(option.help)} |")
    return "\n".join(rows)


def bodies_of(magic: Magic) -> list[Callable[..., Any]]:
    """The magic's function, and the methods of its own that it calls."""
    bodies = [inspect.unwrap(magic.function)]
    attributes = [n for n in ast.walk(tree_of(bodies[0])) if isinstance(n, ast.Attribute)]
    for name in unique(n.attr for n in attributes if isinstance(n.value, ast.Name) and n.value.id == "self"):
        helper = inspect.getattr_static(magic.owner, name, None)
        if inspect.isfunction(helper) and helper.__module__.startswith("qwq_nb"):
            bodies.append(helper)
    return bodies


def calls_in(bodies: Sequence[Callable[..., Any]]) -> list[Any]:
    """What of qwq_nb is called, by the imports in the bodies; how a thing is drawn is nobody's error."""
    found: list[Any] = []
    for body in bodies:
        for node in ast.walk(tree_of(body)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qwq_nb"):
                home = importlib.import_module(node.module or "")
                found += [getattr(home, alias.name) for alias in node.names]
    wanted = (
        call
        for call in found
        if call is qwq_nb.Endpoint or (inspect.isfunction(call) and not call.__module__.startswith("qwq_nb.view"))
    )
    return unique(wanted)


def tree_of(function: Any) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))


def call_doc(call: Any) -> str | None:
    return call.__init__.__doc__ if inspect.isclass(call) else call.__doc__


def unique(found: Any) -> list[Any]:
    return list(dict.fromkeys(found))


def settings_section(owner: type) -> str:
    traits = owner.class_own_traits(config=True)  # type: ignore[attr-defined]
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    rows += [f"| `{name}` | `{trait.default_value!r}` | {cell(trait.help)} |" for name, trait in traits.items()]
    return "\n".join(rows)


# -- the API -----------------------------------------------------------------------------------------------------


def function_section(name: str, function: Callable[..., Any]) -> str:
    doc = parse(function.__doc__)
    parts = [f"### `{name}`", fenced(signature(function, name)), prose(doc.paragraphs)]
    if args := doc.sections.get("Args"):
        parts.append("\n".join(f"- {code_names(names)}: {sentences(meaning)}" for names, meaning in args))
    if raises := doc.sections.get("Raises"):
        parts.append(f"Errors:\n\n{docstrings.errors(raises)}")
    return "\n\n".join(parts)


def class_section(name: str, kind: type) -> str:
    doc = parse(kind.__doc__)
    parts = [f"### `{name}`", prose(doc.paragraphs)]
    init = vars(kind).get("__init__")
    if init is not None and init.__doc__ and "__init__" not in init.__doc__:
        made = parse(init.__doc__)
        parts += [fenced(signature(init, name, bound=True, returns=False)), prose(made.paragraphs)]
        if raises := made.sections.get("Raises"):
            parts.append(f"Errors:\n\n{docstrings.errors(raises)}")
    parts.append("\n".join([*field_lines(kind), *member_lines(kind)]))
    return "\n\n".join(filter(None, parts))


def field_lines(kind: type) -> list[str]:
    """The fields that the class annotates, with the docstrings that follow them."""
    body = tree_of(kind).body[0]
    assert isinstance(body, ast.ClassDef)
    lines = []
    for node, after in zip(body.body, [*body.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        if node.target.id.startswith("_"):
            continue
        says = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            says = f": {sentences(' '.join(after.value.value.split()))}"
        lines.append(f"- `{node.target.id}: {ast.unparse(node.annotation)}`{says}")
    return lines


def member_lines(kind: type) -> list[str]:
    """Public properties and methods of its own, in the order of the source."""
    lines = []
    for name, member in vars(kind).items():
        if name.startswith("_") or inspect.isclass(member):
            continue
        if isinstance(member, property):
            result = docstrings.annotation(inspect.signature(member.fget).return_annotation)  # type: ignore[arg-type]
            head, text = f"{name}: {result}", member.fget.__doc__
        else:
            function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            if not inspect.isfunction(function):
                continue
            bound = not isinstance(member, staticmethod)
            owner = f"{kind.__name__}." if isinstance(member, classmethod | staticmethod) else ""
            head, text = " ".join(signature(function, owner + name, bound=bound).split()), function.__doc__
            head = head.replace("( ", "(").replace(", )", ")")
        doc = parse(text)
        raised = [
            f"Raises {code_names(n)}: {sentences(why)}" if n else sentences(why)
            for n, why in doc.sections.get("Raises", [])
        ]
        first, *rest = [*doc.paragraphs, *raised] or [""]
        lines.append(f"- `{head}`" + (f": {prose([first])}" if first else ""))
        lines += [f"\n{prose([p], '  ')}" for p in rest]
    return lines


def returned(public: dict[str, Any]) -> dict[str, type]:
    """Classes of qwq_nb that public functions and methods give, and that are not public names themselves."""
    found: dict[str, type] = {}
    for thing in public.values():
        functions = [thing] if inspect.isfunction(thing) else []
        if inspect.isclass(thing):
            functions = [f.fget if isinstance(f, property) else f for n, f in vars(thing).items() if n[0] != "_"]
        for function in functions:
            if not inspect.isfunction(function):
                continue
            for word in re.findall(r"[A-Z]\w+", docstrings.annotation(inspect.signature(function).return_annotation)):
                kind = named_in(function.__module__, word)
                if kind is not None and word not in public and kind.__module__.startswith("qwq_nb"):
                    found[word] = kind
    return dict(sorted(found.items()))


def named_in(module: str, name: str) -> type | None:
    """The class that `name` means in a module, also where only type checkers import it."""
    home = importlib.import_module(module)
    value = getattr(home, name, None)
    if value is None:
        for node in ast.walk(ast.parse(inspect.getsource(home))):
            if isinstance(node, ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names):
                value = getattr(importlib.import_module(node.module or ""), name, None)
    return value if inspect.isclass(value) else None


def anchor(heading: str) -> str:
    """Where a heading's link goes, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def error_section(kinds: dict[str, Any]) -> str:
    from qwq_nb import errors

    tree = textwrap.dedent((errors.__doc__ or "").partition("::\n")[2].partition("\n\nEvery")[0]).strip("\n")
    parts = [ERRORS, f"```text\n{tree}\n```"]
    lines = []
    for name, kind in kinds.items():
        also = [
            b.__name__ for b in kind.__bases__ if b.__module__ == "builtins" and b not in (Exception, BaseException)
        ]
        first, *rest = parse(kind.__doc__).paragraphs or [""]
        lines.append(f"- `{name}`: {prose([first])}" + (f" Also a `{'`, `'.join(also)}`." if also else ""))
        lines += [f"\n{prose([p], '  ')}" for p in rest]
    return "\n".join(["\n".join(parts), "", *lines])


# -- the page ----------------------------------------------------------------------------------------------------


def reference() -> str:
    found = magics()
    known = known_options()
    tables = {m.sign: options_of(m, known) for m in found}
    public = {name: getattr(qwq_nb, name) for name in qwq_nb.__all__}
    classes = {n: v for n, v in public.items() if inspect.isclass(v) and not issubclass(v, BaseException)}
    raised = {n: v for n, v in public.items() if inspect.isclass(v) and issubclass(v, BaseException)}
    functions = {n: v for n, v in public.items() if inspect.isfunction(v) and n != "load_ipython_extension"}
    others = returned({**functions, **classes})
    parts = [
        HEAD,
        contents(found, [*functions, *classes], list(others)),
        "## Magics",
        f"`%load_ext qwq_nb` (`load_ipython_extension`) registers them. {RUN_WORDS}",
        *(magic_section(m, tables) for m in found),
        "### Sampling options",
        "They go into the request body; what is not given has the value that QwQ's authors recommend.",
        option_table(options.SAMPLING),
        "### Transport options",
        option_table(options.TRANSPORT),
        "### Settings",
        SETTINGS,
        *(settings_section(owner) for owner in unique(m.owner for m in found) if hasattr(owner, "class_own_traits")),
        "## Python",
        f"`import qwq_nb`; `qwq_nb.__version__` is `{qwq_nb.__version__}`.",
        *(function_section(name, function) for name, function in functions.items()),
        *(class_section(name, kind) for name, kind in classes.items()),
        "## What they give",
        "Types of results: they are given, not made. Times are in seconds, shares from 0 to 1.",
        *(class_section(name, kind) for name, kind in others.items()),
        "## Errors",
        error_section(raised),
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(parts)).rstrip() + "\n"


RUN_WORDS = (
    "Where a magic takes a RUN, it takes a variable's name, a run's name or a path. In a line, a word that is `{name}` "
    "or `$name` becomes that variable's value. A key typed into a line is refused."
)
SETTINGS = (
    "Defaults of the magics: `%config QwqMagics.concurrency = 16`, `[tool.qwq_nb]` in the nearest `pyproject.toml`, or "
    "`~/.config/qwq_nb/config.toml`. The line's own options win over them, and `%config` over the files."
)


def contents(found: Sequence[Magic], names: Sequence[str], others: Sequence[str]) -> str:
    def links(words: Sequence[str]) -> str:
        return ", ".join(f"[`{word}`](#{anchor(word)})" for word in words)

    return "\n".join(
        [
            f"- [Magics](#magics): {links([m.sign for m in found])}; [settings](#settings)",
            f"- [Python](#python): {links(names)}",
            f"- [What they give](#what-they-give): {links(others)}",
            "- [Errors](#errors)",
        ]
    )
