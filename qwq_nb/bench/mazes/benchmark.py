"""Grade mazes by MazeBench's rule: the benchmark `alphamaze`.

Official: all move tokens of the answer are walked from the origin; it is right if the walk meets no wall and ends on
the target, by however many moves. The second opinion reads an answer that fails otherwise: the last run of moves, or
moves in words where there is no token.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from qwq_nb.bench.benchmark import loaded_benchmark
from qwq_nb.bench.data_options import refuse_options
from qwq_nb.bench.datafile import read_records
from qwq_nb.bench.mazes.data import PROMPT, maze_sample, sample_of_record
from qwq_nb.bench.mazes.drawing import alt_text, svg_drawing, text_drawing
from qwq_nb.bench.mazes.generate import BUILT_IN_LEVELS, built_in_mazes
from qwq_nb.bench.mazes.maze import MazeError, arrows, read_maze
from qwq_nb.bench.mazes.walk import explain, last_run, official_moves, walk
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.core.drawn_parts import Drawing
from qwq_nb.core.records import AnswerKind, Sample, Verdict

__all__ = ["AlphaMaze", "draw_answer"]


class AlphaMaze:
    """Load mazes, built-in ones or a file's, and grade the paths that answers give."""

    name = "alphamaze"
    kind: AnswerKind = "text"
    withheld = False

    def subsets(self) -> Sequence[str]:
        """Return the levels of the built-in mazes."""
        return list(BUILT_IN_LEVELS)

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Return the built-in mazes, or those of `request.data`.

        Raises:
            DataError: a maze cannot be read or walked; the message names its row.
            OptionError: an option that says how evalscope's benchmarks are prepared.
        """
        refuse_options(request)
        notes = []
        if request.data is None:
            samples = [
                maze_sample(maze, level, source_id=f"maze-{number}")
                for number, (level, maze) in enumerate(built_in_mazes(), 1)
            ]
            notes.append("The mazes of alphamaze are generated here from a fixed seed; they are not Maze-Bench's.")
        else:
            samples = [sample_of_record(*row) for row in read_records(request.data, self.name)]
        return loaded_benchmark(self, request, samples, notes=notes, prompt_template=PROMPT)

    def grade(self, job: GradeJob) -> Verdict:
        """Return MazeBench's verdict, with the kind of failure as a flag and the move at fault in words."""
        maze = read_maze(str(job.sample.metadata["maze"]))
        moves, other = official_moves(job.completion.answer), last_run(job.completion.answer)
        walked = walk(maze, moves)
        verdict = Verdict(
            correct=walked.solved,
            extracted=arrows(moves),
            explanation=explain(walked),
            explained=True,
            flags=[] if walked.kind == "solved" else [walked.kind],
        )
        if not walked.solved and other and other != moves:
            second = walk(maze, other)
            verdict.second_extracted, verdict.second_correct = arrows(other), second.solved
            how = "the last run of moves" if moves else "the moves in words"
            verdict.explanation += f"; {how}: {explain(second)}"
        return verdict

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return whether two paths are the same, written in tokens, arrows or words; None if one of them is none."""
        first, second = last_run(candidate), last_run(gold)
        return first == second if first and second else None


def draw_answer(sample: Sample, answer: str) -> Drawing | None:
    """Draw a sample's maze and the path of an answer to it, as it was graded; of one in words, as it is read.

    None where the sample holds no maze, as in a folder that somebody else has written.
    """
    return _drawing(str(sample.metadata.get("maze") or sample.question), answer)


@functools.lru_cache(maxsize=2_000)
def _drawing(text: str, answer: str) -> Drawing | None:
    """As `draw_answer`; kept, since a run that goes on is drawn again and again."""
    try:
        maze = read_maze(text)
    except MazeError:
        return None
    walked = walk(maze, official_moves(answer) or last_run(answer))
    return Drawing(svg=svg_drawing(maze, walked), alt=alt_text(maze, walked), text=text_drawing(maze, walked))
