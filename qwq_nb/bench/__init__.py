"""Benchmarks: names, data files, prompts, and grading in a worker process."""
