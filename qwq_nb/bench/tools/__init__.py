"""Benchmarks of tool calls: the functions that may be called, the calls expected, and how they are checked."""
