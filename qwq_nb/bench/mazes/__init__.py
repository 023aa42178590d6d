"""Mazes in AlphaMaze's tokens: read, generate, walk and draw them, and grade answers to them. Light to import."""
