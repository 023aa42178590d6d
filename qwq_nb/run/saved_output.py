"""Keep in a run's directory what a notebook's output is to hold of it, for notebooks that lost touch with their kernel.

A notebook that was saved in mid-run says for ever how the run stood then. The JupyterLab extension looks into the run's
directory, and where the run is over puts the bundle of this file (`qwq_output.json`) in the output's place, so that the
notebook's file is right for readers without the extension too.
"""

from __future__ import annotations

import time
from typing import Final

import msgspec

from qwq_nb.core.run_record import RunRecord
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.run.bundle import bundle
from qwq_nb.run.record import current_record
from qwq_nb.run.state import RunState
from qwq_nb.run.withhold import withhold
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.budget import FINAL_BYTES

__all__ = ["SavedOutput", "if_interrupted"]

AT_ONCE_S: Final = 0.2
"""How long a write may take that a stopped run waits for: its cell ends at once."""


class SavedOutput:
    """Keep `qwq_output.json` of one run: the bundle of a run that is over, or as if it were interrupted now.

    What is written while the run goes on is read only once that was killed. Texts that are withheld by default are,
    `--reveal` or not: nobody asked that the file be published.
    """

    def __init__(self, state: RunState, directory: RunDirectory) -> None:
        self._state = state
        self._directory = directory
        self._latest = 0
        self._took = 0.0

    def write(self) -> None:
        """Write the file; called from a worker thread. A later call makes an earlier one that is under way void.

        Raises:
            OSError: it cannot be written.
        """
        self._latest += 1
        mine, began = self._latest, time.monotonic()
        record = withhold(current_record(self._state, self._directory, budget=FINAL_BYTES), reveal=False)
        content = msgspec.json.encode(bundle(if_interrupted(record), live=False))
        self._took = time.monotonic() - began
        if mine == self._latest:
            self._directory.save_output(content)

    def finish(self) -> None:
        """Write the file of a run that is over.

        Of a long run that was stopped the last one stays: it lacks seconds of the run, and a cell would wait for it.

        Raises:
            OSError: it cannot be written.
        """
        self._latest += 1
        if self._state.manifest.state != "stopped" or self._took <= AT_ONCE_S:
            self.write()


def if_interrupted(record: RunRecord) -> RunRecord:
    """Return the record as it is if its kernel is gone from now on; that of a run that is over as it is."""
    if not VOCABULARY.states[record.state].live:
        return record
    progress = msgspec.structs.replace(
        record.progress, eta_s=None, problems_left=None, in_flight=0, grading=0, step="", waiting=""
    )
    if progress.elapsed_s > 0:
        progress.tokens_per_s = progress.tokens / progress.elapsed_s
    notes = [note for note in record.notes if note != record.progress.waiting]
    return msgspec.structs.replace(
        record, state="stopped", interrupted=True, progress=progress, in_flight=[], partial=False, notes=notes
    )
