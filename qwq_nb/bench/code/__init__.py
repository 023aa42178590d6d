"""Grade answers that are programs: their tests, what running them shows, and how that differs from official verdicts."""
