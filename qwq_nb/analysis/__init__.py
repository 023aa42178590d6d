"""Study runs: compare, think, sweep, speed. Each package below is one study; none imports another."""
