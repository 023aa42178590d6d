"""Decide whether a run is worse than another by more than a margin (`gate`, `%qwq_gate`, `python -m qwq_nb gate`)."""
