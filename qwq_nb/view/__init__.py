"""Draw: escaping, formulas, words, tables, charts, one output. Knows no run."""
