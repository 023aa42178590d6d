"""Define the magics: each parses its line and makes one call of the Python API."""
