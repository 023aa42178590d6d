"""Have answers judged by another model, and hold that against rulings (`judge`, `run.judged()`, `%qwq_judge`)."""
