"""Grade and measure the answers of runs that other tools made, by the kind of their answers."""
