"""Read the descriptions of functions, in BFCL's form or as JSON Schema, and write them as tools for a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from qwq_nb.errors import did_you_mean, listed

__all__ = ["TYPES", "called_name", "function_fault", "tools_fault", "tools_of"]

TYPES = {
    "any": "string",
    "array": "array",
    "bool": "boolean",
    "boolean": "boolean",
    "dict": "object",
    "double": "number",
    "float": "number",
    "integer": "integer",
    "list": "array",
    "null": "null",
    "number": "number",
    "object": "object",
    "string": "string",
    "tuple": "array",
}
"""Type in a description → type of JSON Schema. BFCL's descriptions have Python's types."""

JSON_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
"""The types of JSON Schema itself."""

_FLOAT_NOTE = "This is a float type value."
"""What BFCL adds to the description of a `float` in its requests, since JSON Schema has no such type."""
_LONGEST_NAME = 300


def called_name(name: str) -> str:
    """Return the name by which a function is offered and called: dots become underscores, as APIs allow no dots."""
    return name.replace(".", "_")


def tools_of(functions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the tools of a request, in the format of `/chat/completions`, as BFCL sends them."""
    return [
        {
            "type": "function",
            "function": {
                "name": called_name(function["name"]),
                "description": str(function.get("description") or ""),
                "parameters": {**_schema(_parameters(function)), "type": "object"},
            },
        }
        for function in functions
    ]


def tools_fault(tools: Any) -> str:
    """Return in words why something cannot be the `tools` of a request; empty if it can."""
    if not isinstance(tools, list):
        return "`tools` is no list of tools"
    for number, tool in enumerate(tools, 1):
        if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
            return f'tool {number} is no object with a `type`, as in {{"type": "function", "function": {{…}}}}'
        if tool["type"] == "function" and (fault := function_fault(tool.get("function"), JSON_TYPES)):
            return f"tool {number}: {fault}"
    return ""


def function_fault(function: Any, types: Collection[str] = tuple(TYPES)) -> str:
    """Return in words why something is no description of a function with a JSON Schema; empty if it is one.

    `types`: those that its schemas may have.
    """
    if not isinstance(function, dict):
        return "a function is no object with `name`, `description` and `parameters`"
    name = function.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        return "a function has no `name`"
    parameters = _parameters(function)
    if not isinstance(parameters, dict):
        return f"the `parameters` of {name} are no JSON Schema: an object is wanted"
    kind = parameters.get("type", "object")
    if not isinstance(kind, str) or kind not in types or TYPES.get(kind) != "object":
        return f"the `parameters` of {name} are no JSON Schema of an object: their type is {kind!r}"
    return _schema_fault(parameters, f"the `parameters` of {name}", types)


def _parameters(function: Mapping[str, Any]) -> Any:
    return function.get("parameters", {"type": "object", "properties": {}})


def _schema_fault(schema: dict[str, Any], where: str, known: Collection[str]) -> str:
    """Return what of a schema, or of those within it, is no JSON Schema."""
    types = schema.get("type", [])
    for kind in types if isinstance(types, list) else [types]:
        if not isinstance(kind, str) or kind not in known:
            near = did_you_mean(str(kind), known) if isinstance(kind, str) else ""
            return f"the type of {where} is {kind!r}, which is none of {listed(known, 20)}.{near}".rstrip(".")
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict):
        return f"{where}: `properties` are no object"
    names = required if isinstance(required, list) else [None]
    # Within a property BFCL also has `required` as true or false.
    if not isinstance(required, bool) and not all(isinstance(name, str) for name in names):
        return f"{where}: `required` is no list of names"
    if not isinstance(schema.get("enum", []), list):
        return f"{where}: `enum` is no list"
    inner = {f"the parameter {name!r} of {where}": part for name, part in properties.items()}
    if "items" in schema:
        inner[f"the items of {where}"] = schema["items"]
    for place, part in inner.items():
        if not isinstance(part, dict):
            return f"{place}: no JSON Schema (an object is wanted)"
        if fault := _schema_fault(part, place, known):
            return fault
    return ""


def _schema(schema: Mapping[str, Any], *, is_named: bool = False) -> dict[str, Any]:
    """Return a schema with JSON Schema's types. `is_named`: of a parameter, and not of a list's items."""
    made = dict(schema)
    kind = schema.get("type", "any")
    made["type"] = [TYPES[one] for one in kind] if isinstance(kind, list) else TYPES[kind]
    if kind == "float" and is_named:
        made["format"] = "float"
        made["description"] = f"{made.get('description') or ''} {_FLOAT_NOTE}"
    if isinstance(made.get("required"), bool):
        del made["required"]
    if "properties" in made:
        made["properties"] = {name: _schema(part, is_named=True) for name, part in made["properties"].items()}
    if "items" in made:
        made["items"] = _schema(made["items"])
    return made
