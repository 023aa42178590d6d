"""Read replies in the formats in which models write edits: whole files, SEARCH/REPLACE blocks, unified diffs. Pure.

The formats are aider's (its documentation, "Edit formats"), and what is accepted of them is what aider 0.86.2 accepts:
scores are comparable with those that were measured with it. The code is our own. Two rules are ours as well: no name
of a file leads out of the exercise's folder, and a reply, however long or nested, is read in bounded time.
"""
