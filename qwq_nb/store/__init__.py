"""Keep a run on disk: directory, manifest, rows, resume, rulings."""
