"""Name and load benchmarks, read data files, and grade in a worker process."""
