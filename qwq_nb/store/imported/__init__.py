"""Read runs that other tools wrote: Inspect, lm-eval, lighteval, NeMo Evaluator, plain chats."""
