"""Represent one run: tables, samples, record, report, live view."""
