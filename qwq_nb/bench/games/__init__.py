"""Evaluate games that a model writes in one go (`%qwq_eval games`): play them without a screen, and note facts."""
