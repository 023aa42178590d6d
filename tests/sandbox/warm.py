"""A module of functions that the tests call in the sandbox."""

from __future__ import annotations

from typing import Any

__all__ = ["doubled", "read", "unprintable"]

WORD = "a word of " + "the warm module"


def doubled(value: Any) -> list[Any]:
    print("doubling")
    return [value, value]


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def unprintable() -> object:
    return object()
