"""Compare runs on the same problems (`compare`, `%qwq_compare`)."""
