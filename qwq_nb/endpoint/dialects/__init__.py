"""Read and write the formats of endpoints, one module per format."""
