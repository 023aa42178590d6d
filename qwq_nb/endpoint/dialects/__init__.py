"""Read and write the formats of endpoints, one module a format."""
