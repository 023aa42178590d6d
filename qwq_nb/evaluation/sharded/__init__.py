"""Ask a run in shards on the workers of an executor, and collect what they write into one run."""
