"""Draw escaped text, formulas, words, tables, charts and one output. Imports `core` and `errors` alone."""
