"""Measure which thoughts of a reasoning mattered: forced answers and rollouts at each thought's border."""
