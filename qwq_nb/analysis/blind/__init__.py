"""Compare two runs' answers blind: which is whose is hidden until a reader has ruled."""
