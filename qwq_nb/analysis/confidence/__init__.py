"""Hold a model's confidence against the verdicts: what it is worth as a sign of right answers, and as a vote."""
