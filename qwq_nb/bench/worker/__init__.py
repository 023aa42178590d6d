"""Run the benchmark worker process: `python -m qwq_nb.bench.worker`."""
