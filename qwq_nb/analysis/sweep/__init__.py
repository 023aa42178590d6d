"""Evaluate a grid of settings (`sweep`, `%qwq_sweep`)."""
