"""Build the id of a sample from its benchmark, subset and position."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["sample_id", "subset_slug"]

_PLAIN = re.compile(r"[A-Za-z0-9 _\-&/,=.()':]+")
"""ASCII names whose punctuation may be left out of the slug: what evalscope's own subset names are written in."""

_HASH_DIGITS = 6


def sample_id(benchmark: str, subset: str, index: int, *, beside: Iterable[str] = ()) -> str:
    """Return a sample's id: `math_500/level-3/17`, `general_mcq/数学/0`, `aime24/4` (subset `default`).

    It depends on nothing but the names and the position, so a sample has one id under every selection and limit.

    Args:
        benchmark: the benchmark's name.
        subset: the subset's name, any text.
        index: position within the subset of the whole data set, from 0.
        beside: names of all subsets that the benchmark has, selected or not. Where one of them has the same slug
            (`C` and `c`, `a b` and `a_b`), both get a hash, as in `x/c~2e7d2c/0`.
    """
    if subset == "default":
        return f"{benchmark}/{index}"
    slug = subset_slug(subset)
    if "~" not in slug and any(other != subset and subset_slug(other) == slug for other in beside):
        slug = f"{slug}~{_digest(subset)}"
    return f"{benchmark}/{slug}/{index}"


def subset_slug(name: str) -> str:
    """Return a subset's name as a readable part of an id: letters and digits of any script, lower case, dashes.

    Where something is lost by that which tells names apart (`C++`, `🎲`, a capital beyond ASCII, a decomposed
    accent), `~` and six hex digits of the name's SHA-256 follow: `c~5f5bd6`. Two names with one slug are therefore
    ASCII names that differ in case, spaces or punctuation only.
    """
    text = unicodedata.normalize("NFC", name).lower()
    slug = "".join(c if _in_a_word(c) else "-" for c in text)
    slug = re.sub("-+", "-", slug).strip("-")
    exact = bool(_PLAIN.fullmatch(name)) if name.isascii() else slug == name
    return slug if exact and slug else f"{slug or 'subset'}~{_digest(name)}"


def _in_a_word(character: str) -> bool:
    """Letters, marks on letters (vowel signs, accents) and digits."""
    return unicodedata.category(character)[0] in "LM" or character.isdecimal()


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
