"""The public names: what `qwq_nb` says it exports, what it does export, and what type checkers see, are the same."""

from __future__ import annotations

import ast
import inspect

import pytest

import qwq_nb


def test_all_is_sorted_and_names_nothing_twice() -> None:
    assert qwq_nb.__all__ == sorted(set(qwq_nb.__all__))


@pytest.mark.parametrize("name", qwq_nb.__all__)
def test_every_name_can_be_imported(name: str) -> None:
    assert getattr(qwq_nb, name) is not None
    assert name in dir(qwq_nb)


def test_all_is_what_is_loaded_when_first_used_and_two_names_more() -> None:
    assert set(qwq_nb.__all__) == {*qwq_nb._HOMES, "__version__", "load_ipython_extension"}


def test_the_type_checker_sees_the_same_names_in_the_same_places() -> None:
    tree = ast.parse(inspect.getsource(qwq_nb))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname or alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"qwq_nb.{home}" for name, home in qwq_nb._HOMES.items()}


@pytest.mark.parametrize("name", qwq_nb._HOMES)
def test_a_name_is_public_where_it_comes_from(name: str) -> None:
    home = inspect.getmodule(getattr(qwq_nb, name))
    assert home is not None
    assert name in home.__all__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'evalute'"):
        qwq_nb.evalute  # noqa: B018
