"""Register objects by name, imported when first used: the one mechanism behind every extension point.

A target is an object, or the text `package.module:Name`, which is imported on first use, so that loading the notebook
extension stays light. Packages installed beside qwq_nb register through entry points of the registry's group.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import threading
from collections.abc import Mapping
from typing import Generic, TypeVar, cast

from qwq_nb.errors import OptionError, did_you_mean

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Hold objects of one kind by name: built-in ones, those of entry points, and those registered in this process."""

    def __init__(self, kind: str, group: str, builtin: Mapping[str, str]) -> None:
        """`kind` is what messages call one (`measure`), `group` the entry points' (`qwq_nb.measures`)."""
        self.kind = kind
        self.group = group
        self._targets: dict[str, T | str] = dict(builtin)
        self._builtin = frozenset(builtin)
        self._loaded: dict[str, T] = {}
        self._scanned = False
        self._guard = threading.RLock()

    def register(self, name: str, target: T | str) -> None:
        """Add an object, or the text `package.module:Name` of one, under a name; a name is taken over by the last.

        Raises:
            OptionError: the name is a built-in one's, or the text names no object.
        """
        if name in self._builtin:
            raise OptionError(f"The {self.kind} {name!r} is built in; register yours under another name.")
        if isinstance(target, str) and not (target.partition(":")[0] and target.partition(":")[2]):
            raise OptionError(f"The {self.kind} {name!r}: {target!r} is not of the form `package.module:Name`.")
        with self._guard:
            self._targets[name] = target
            self._loaded.pop(name, None)

    def unregister(self, name: str) -> None:
        """Take back what `register` added; a name that is not there is passed over."""
        if name in self._builtin:
            raise OptionError(f"The {self.kind} {name!r} is built in and stays.")
        with self._guard:
            self._targets.pop(name, None)
            self._loaded.pop(name, None)

    def names(self) -> list[str]:
        """Return all names: built-in ones first, each group in the order in which they were added."""
        self._scan()
        return list(self._targets)

    def target(self, name: str) -> T | str | None:
        """Return what was registered under a name, not imported; None for an unknown name."""
        self._scan()
        return self._targets.get(name)

    def get(self, name: str) -> T:
        """Return the object of a name, importing it when first asked for.

        Raises:
            OptionError: there is none of that name (the message has the nearest one), or it cannot be imported.
        """
        if name not in self._builtin:  # reading all entry points takes time, and a built-in name wins over them
            self._scan()
        with self._guard:
            if name in self._loaded:
                return self._loaded[name]
            if name not in self._targets:
                raise OptionError(f"There is no {self.kind} named {name!r}.{did_you_mean(name, self._targets)}")
            target = self._targets[name]
            found = self._imported(name, target) if isinstance(target, str) else target
            self._loaded[name] = found
            return found

    def _imported(self, name: str, target: str) -> T:
        module, _, path = target.partition(":")
        try:
            found: object = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as exc:
            raise OptionError(f"The {self.kind} {name!r} cannot be imported from {target}: {exc}.") from None
        return cast(T, found() if isinstance(found, type) else found)

    def _scan(self) -> None:
        """Take in the entry points once; built-in names and those registered here win over them."""
        with self._guard:
            if self._scanned:
                return
            self._scanned = True
            if not are_entry_points_near(tuple(sys.path)):
                return
            from importlib import metadata

            for point in metadata.entry_points(group=self.group):
                self._targets.setdefault(point.name, point.value)


@functools.lru_cache(maxsize=4)
def are_entry_points_near(path: tuple[str, ...]) -> bool:
    """Return whether an installed package may have entry points of ours, in a few milliseconds.

    Importing `importlib.metadata` and asking it takes ten times as long, which every first request would wait for.
    A folder that cannot be looked into, such as a zip file, may hold some.
    """
    for folder in dict.fromkeys(path):
        try:
            with os.scandir(folder or ".") as entries:
                found = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        except FileNotFoundError:
            continue
        except OSError:
            return True
        for one in found:
            try:
                with open(os.path.join(one, "entry_points.txt"), "rb") as handle:
                    if b"[qwq_nb." in handle.read():
                        return True
            except OSError:
                continue
    return False
