"""Read runs that other tools wrote: Inspect, lm-evaluation-harness, lighteval, NeMo Evaluator, plain chat rows."""
