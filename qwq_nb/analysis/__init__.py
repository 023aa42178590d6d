"""Studies of runs: compare, think, sweep, speed. Each folder is one study; none imports another."""
