"""Keep the clips of a run's games in its directory: `clips/<sample>-<repeat>.png`."""

from __future__ import annotations

import re
from typing import Final

from qwq_nb.core.clip_png import CLIP_BYTES, NotAClip, read_clip
from qwq_nb.core.files import UnsafeFile
from qwq_nb.core.game import CLIPS
from qwq_nb.core.records import SampleResult, Verdict
from qwq_nb.errors import one_line
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["clip_file", "clip_path", "load_clip", "save_clip", "take_clip"]

_FILE: Final = re.compile(rf"{CLIPS}/[\w.+-]{{1,240}}\.png")


def clip_file(id: str, repeat: int) -> str:
    """Return the path of a sample's clip in the run's directory."""
    name = re.sub(r"[^\w.+-]+", "-", id).strip(".-")[:200] or "game"
    return f"{CLIPS}/{name}-{repeat}.png"


def save_clip(directory: RunDirectory, id: str, repeat: int, clip: bytes) -> str:
    """Write a clip into the run's directory, and return its path there; empty where it is none.

    Raises:
        OSError: it cannot be written.
    """
    try:
        read_clip(clip)
    except NotAClip:
        return ""
    file = clip_file(id, repeat)
    directory.folder.replace(file, clip)
    return file


def clip_path(directory: RunDirectory, result: SampleResult) -> str:
    """Return the absolute path of a result's clip; empty where there is none that can be shown."""
    execution = result.verdict.execution if result.verdict is not None else None
    file = execution.game.clip if execution is not None and execution.game is not None else ""
    return str(directory.path / file) if file and load_clip(directory, file)[0] else ""


def take_clip(target: RunDirectory, source: RunDirectory, verdict: Verdict) -> None:
    """Copy the clip that a verdict of `source` names into another directory; nothing where it names none.

    Raises:
        OSError: it cannot be written.
    """
    file = verdict.execution.game.clip if verdict.execution is not None and verdict.execution.game is not None else ""
    if file and (clip := load_clip(source, file)[0]):
        target.folder.replace(file, clip)


def load_clip(directory: RunDirectory, file: str) -> tuple[bytes, str]:
    """Read a clip that a run's rows name, whoever wrote them. Returns it, or empty bytes and why there is none.

    Only a file of the folder of clips is read, no link is followed, and what is no clip of ours is left out.
    """
    if not _FILE.fullmatch(file):
        return b"", f"the run names {one_line(file, 80)!r}, which is no clip in its folder"
    try:
        clip = directory.folder.read(file, CLIP_BYTES)
        read_clip(clip)
    except FileNotFoundError:
        return b"", f"{file} is not in the run's folder"
    except UnsafeFile as error:
        return b"", f"{file} is not read: it is {error.why}"
    except OSError as error:
        return b"", f"{file} cannot be read: {error.strerror or error}"
    except NotAClip as error:
        return b"", f"{file} is not shown: {error}"
    return clip, ""
