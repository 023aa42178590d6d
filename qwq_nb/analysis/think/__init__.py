"""Measure how a model thinks (`think`, `%qwq_think`)."""
