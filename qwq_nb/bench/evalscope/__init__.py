"""Adapt evalscope's benchmarks. The only package that imports evalscope; it runs in the worker process."""
