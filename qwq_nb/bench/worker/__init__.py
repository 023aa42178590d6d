"""Run the benchmark worker: `python -m qwq_nb.bench.worker`."""
