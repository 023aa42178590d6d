"""Measure one reasoning trace. Pure."""
