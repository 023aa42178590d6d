"""Lay out runs of code editing as a board: a row a model or pair, beside what others have published (`run.board()`)."""
