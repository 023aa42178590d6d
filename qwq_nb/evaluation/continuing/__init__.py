"""Continue a recorded thought: prove how an endpoint takes one, and read what its model writes after it."""
