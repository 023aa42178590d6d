"""Hold the slate `hands_on`: prompts to try a reasoning model by, written for this package.

In the manner of a hands-on article: what the model knows, how it reasons, whether it can picture a room, calculate, and
see through a trick. A prompt without references is for a reader to judge.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["PARTS", "SLATE", "Entry"]


class Entry(NamedTuple):
    """Hold a prompt and the answers that are accepted; empty: a reader judges it."""

    prompt: str
    references: tuple[str, ...] = ()


SLATE: Final[dict[str, tuple[Entry, ...]]] = {
    "knowledge": (
        Entry("Which metal is liquid at room temperature and was long used in thermometers?", ("mercury",)),
        Entry("Which planet turns so slowly that one rotation on its axis takes longer than its year?", ("Venus",)),
        Entry("Which sea lies between Italy and the Balkans?", ("Adriatic Sea", "Adriatic", "Adria")),
        Entry("How many bits has an IPv6 address?", ("128", "128 bits")),
        Entry("Explain in two sentences, to a child of ten, why the sky is blue and the sunset is red."),
    ),
    "logic": (
        Entry(
            "Ada, Ben and Cleo each own one pet: a cat, a dog and a parrot. Ada is allergic to fur. Ben's pet does not "
            "bark. Who owns the dog?",
            ("Cleo",),
        ),
        Entry(
            "On an island everybody either always lies or always tells the truth. Ivo says: “Mara and I are both "
            "liars.” Is Mara a liar or a truth-teller?",
            ("truth-teller", "truth teller", "truthteller", "Mara is a truth-teller"),
        ),
        Entry(
            "All blips are blops. Some blops are blaps. Does it follow that some blips are blaps? Answer yes or no.",
            ("no",),
        ),
        Entry(
            "Five runners finish a race without a tie. Lea is ahead of Max, Max is ahead of Nia, Oto is behind Nia, "
            "and Pia is ahead of Lea. Who is third?",
            ("Max",),
        ),
        Entry(
            "A light has three switches downstairs, of which one works; the lamp is upstairs and cannot be seen from "
            "below. You may go up once. Describe how you find the switch, and say which property of the lamp you use."
        ),
    ),
    "spatial": (
        Entry(
            "You face north. You turn right, turn right again, turn left, and then turn around. Which way do you face?",
            ("west",),
        ),
        Entry(
            "A cube of wood is painted red on all sides and cut into 27 equal small cubes. How many of them have "
            "exactly two red sides?",
            ("12", "twelve"),
        ),
        Entry(
            "A book lies on a chair, the chair stands on a rug, and a lamp stands on the book. I carry the chair into "
            "the next room without touching anything else. Where is the lamp: on the rug, or in the next room?",
            ("in the next room", "the next room", "next room"),
        ),
        Entry(
            "A square sheet is folded in half from left to right and then in half from top to bottom. One hole is "
            "punched through the middle of what is left. How many holes has the sheet when it is unfolded?",
            ("4", "four"),
        ),
        Entry(
            "On a chessboard a knight stands on a1. What is the least number of moves in which it can reach h8?",
            ("6", "six"),
        ),
        Entry("Describe how you would pack a bicycle, a cello and two suitcases into a small car with three people."),
    ),
    "mathematics": (
        Entry("What is the sum of all whole numbers from 1 to 100 that are divisible by 3?", ("1683",)),
        Entry(
            "A bat and a ball cost 11 euros together. The bat costs 10 euros more than the ball. How many euros does "
            "the ball cost?",
            ("0.5", "1/2", "50 cents", "0.50 euros"),
        ),
        Entry("In how many ways can the letters of the word LEVEL be arranged?", ("30",)),
        Entry("Solve for x: 2^(x+1) + 2^x = 96.", ("5", "x = 5")),
        Entry("Two dice are thrown. What is the probability that their sum is 9?", ("1/9", "4/36")),
    ),
    "trick": (
        Entry("How many times does the letter r occur in the word “strawberrier”?", ("4", "four")),
        Entry("Which is larger: 9.11 or 9.9?", ("9.9", "9.9 is larger")),
        Entry(
            "A farmer has 17 sheep. All but 9 run away. How many sheep are left?",
            ("9", "nine", "9 sheep", "nine sheep"),
        ),
        Entry(
            "Sally has 3 brothers. Each of her brothers has 2 sisters. How many sisters has Sally?",
            ("1", "one", "1 sister", "one sister"),
        ),
        Entry(
            "If it takes 5 machines 5 minutes to make 5 cups, how many minutes does it take 100 machines to make 100 "
            "cups?",
            ("5", "five", "5 minutes", "five minutes"),
        ),
        Entry("Write a sentence of exactly seven words about rain that does not use the letter e."),
    ),
}
"""Part → its prompts. Another text is another benchmark: an earlier run's answers are not taken over."""

PARTS: Final = tuple(SLATE)
