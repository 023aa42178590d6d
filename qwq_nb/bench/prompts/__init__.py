"""Prompts of one's own, graded against references where there are any, and a slate of prompts. Light to import."""
