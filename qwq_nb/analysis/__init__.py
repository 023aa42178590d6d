"""What can be said of a finished run beyond its counts: published scores to hold it against."""

from __future__ import annotations

from qwq_nb.analysis.references import references_for, references_of

__all__ = ["references_for", "references_of"]
