"""Grade answers that are programs: their tests, what running them shows, and how official verdicts differ from that."""
