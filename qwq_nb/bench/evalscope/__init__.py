"""Adapt evalscope's benchmarks. The only package that imports evalscope; used in the worker process."""
