"""Define records, outcomes, tallies, statistics and text rules. Imports nothing but errors."""
