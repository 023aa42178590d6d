"""Define the thresholds from which on a habit of a trace is marked."""

from __future__ import annotations

import math

import msgspec

from qwq_nb.errors import OptionError

__all__ = ["DEFAULT", "Thresholds"]


class Thresholds(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the thresholds of the package's marks; all are our choice, not calibrated on anything."""

    after_share: float = 0.5
    """Overthinking: more than this share of the reasoning after the first right answer, 0…1, …"""
    after_tokens: int = 1000
    """… and more than so many tokens."""
    deviations: float = 3.0
    """Underthinking: median absolute deviations (times 1.4826, as for a normal distribution) above the median."""
    least_peers: int = 5
    """Underthinking: fewer say nothing of what is usual."""
    least_tokens: int = 500
    """Underthinking: a shorter trace has no rate to speak of."""
    foreign_share: float = 0.02
    """Language mixing: share of the letters, 0…1, …"""
    foreign_chars: int = 1
    """… or so many characters. One is enough: what is no change of language is told where the runs are found."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not 0 <= value < math.inf or (name.endswith("_share") and value > 1):
                what = "a share from 0 to 1" if name.endswith("_share") else "a number of 0 or more"
                raise OptionError(f"{name.replace('_', '-')} must be {what}, not {value!r}.")

    @property
    def words(self) -> str:
        """Return the thresholds as a sentence for a reader."""
        return (
            f"Marked are: overthinking, where more than {100 * self.after_share:g} % of the reasoning and "
            f"{self.after_tokens:,} tokens follow the first right answer; underthinking, where a wrong answer of "
            f"{self.least_tokens:,} tokens or more has more thoughts per 1,000 tokens than the median of its subset "
            f"plus {self.deviations:g} scaled median absolute deviations (of {self.least_peers} peers or more); "
            f"language mixing, from {self.foreign_chars:,} character{'s' * (self.foreign_chars != 1)} in a "
            f"foreign script, or {100 * self.foreign_share:g} % of the letters."
        )


DEFAULT = Thresholds()
