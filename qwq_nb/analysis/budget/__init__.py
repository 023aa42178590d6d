"""Measure how much thinking is enough (`budget`, `run.budget()`, `%qwq_budget`)."""
