"""A package that extends qwq_nb by entry points: it imports `qwq_nb.extending` and nothing else of it."""
