"""Provide the benchmark `code_editing`: exercises whose files a model edits, and whose tests are run in the sandbox."""
