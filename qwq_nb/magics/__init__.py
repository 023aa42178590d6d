"""Register the magics: a line of words becomes one call of the Python API."""
