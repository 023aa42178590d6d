"""Loops: what goes round and round, and what says the same again honestly: code, data, tables, a count, a quotation."""

from __future__ import annotations

import json
import random

import pytest

from qwq_nb.trace.loops import find_loop
from qwq_nb.trace.prose import code_spans

WORDS = """angle answer area bottom case circle corner count degree edge factor figure formula given graph group half
height index integer length line maybe middle number other outer path point prime product radius result right root rule
second side solid square step sum table term third total triangle value vertex volume whole width"""


def prose(words: int, seed: int) -> str:
    """Sentences that say something new: words in no order."""
    chance = random.Random(seed)
    said = [chance.choice(WORDS.split()) for _ in range(words)]
    return ". ".join(" ".join(said[at : at + 9]).capitalize() for at in range(0, words, 9)) + ".\n"


NUMBERS = ", ".join(str(n**3) for n in range(12, 26))


@pytest.mark.parametrize(
    "period",
    [
        f"{NUMBERS}, ",
        "0, 1, 1, 2, 3, 5, 8, 13, ",
        "1/3 + 1/4 = 7/12\n",
        "(2,3) (4,5) (6,7)\n",
    ],
)
def test_a_period_without_letters_that_goes_on_to_the_end(period: str) -> None:
    text = "The cubes are in turn:\n" + period * (700 // len(period) + 2)
    loop = find_loop(text.rstrip())
    assert loop is not None
    assert loop.period == len(period)
    assert loop.end >= len(text.rstrip()) - 1
    assert find_loop(text + "\nSo the sum is 5. " + prose(20, 1)) is None


def test_a_loop_ends_where_the_text_goes_on_otherwise() -> None:
    text = "We add: " + "A + " * 200 + "B. " + prose(600, 1)
    loop = find_loop(text)
    assert loop is not None
    assert loop.end < 900, "not the text compared with itself"


def test_the_same_attempt_with_other_numbers() -> None:
    """Each time with new words between: 40 rounds and more of about 2,000 characters."""
    rounds = [
        prose(300, n)
        + f"- Fill the {n + 3}-liter jug completely first.\n- Pour {n} liters into the other jug slowly.\n"
        + f"- That leaves exactly {3 * n} liters in the first one.\n- So the total is {4 * n} liters: no use.\n\n"
        for n in range(44)
    ]
    text = "".join(rounds)
    loop = find_loop(text)
    assert loop is not None
    assert loop.repeats == len(rounds)
    assert loop.end - loop.start > 0.9 * len(text)
    assert find_loop("".join(rounds[:15])) is None, "a search of some cases is none"


def test_the_same_arguments_in_turn() -> None:
    """No sentence comes again word for word: there are other words before the argument and after it."""
    ideas = [
        "that the answer is a dog since it walks on four legs all day",
        "that a bed is meant which has four legs but does not walk at all",
        "that the riddle has a typing error so that a human could be meant",
        "that a table stands there in the morning and also in the evening",
        "that the classic riddle has other numbers and the answer is known",
        "that an old man with a walking frame goes on four legs as well",
        "that the legs are those of a journey which has four parts a day",
        "that the user has left out the part about the stick of the man",
    ]
    said = "".join(f"{prose(2, n)[:-2]} {ideas[n % 8]} {prose(2, n + 500)}\n" for n in range(160))
    text = prose(300, 5) + said
    loop = find_loop(text)
    assert loop is not None
    assert loop.start < len(text) / 2
    assert loop.end > 0.9 * len(text)


def test_what_the_question_says_may_be_said_again() -> None:
    question = prose(52, 7)
    text = "".join(f"{prose(20, n)}{question}" for n in range(1, 60))
    assert find_loop(text, question) is None
    assert find_loop(text) is not None


def test_a_document_that_is_quoted_is_no_circle() -> None:
    document = prose(500, 0)
    assert find_loop("".join(f"{prose(300, n)}{document}" for n in range(1, 7))) is None


def test_a_count_that_meets_the_same_products_is_no_circle() -> None:
    text = "".join(
        f"s={s}: {s}*{s - 1}={s * (s - 1)} divisible by {k}? {'No' if s * (s - 1) % k else 'Yes'}.\n"
        for k in range(20, 60)
        for s in range(3, 18)
    )
    assert find_loop(text) is None


CODE = '''\
def solve(values):
    """Return the sum of all even values in a list."""
    total = 0
    for value in values:
        if value % 2 == 0:
            total += value
    return total


assert solve([1, 2, 3, 4]) == 6
assert solve([]) == 0
'''
DATA = json.dumps([{"name": "item", "value": n % 3, "ok": True} for n in range(40)], indent=1)
ROWS = "".join(f"| {n % 4} | {n % 4} squared | none |\n" for n in range(40))
TABLE = f"| n | square | remainder |\n|---|---|---|\n{ROWS}"

DIFF = "--- a/solve.py\n+++ b/solve.py\n@@ -1,9 +1,10 @@\n" + "".join(f" {line}\n" for line in CODE.splitlines())


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(f"```python\n{CODE}```\n", id="a fence"),
        pytest.param(f"~~~\n{CODE}~~~\n", id="tildes"),
        pytest.param(f"{CODE}\n", id="no fence"),
        pytest.param(f"{DIFF}\n", id="a diff"),
        pytest.param(f"{DATA}\n", id="JSON"),
        pytest.param(f"```json\n{DATA}\n```\n", id="JSON in a fence"),
        pytest.param(f"{TABLE}\n", id="a table"),
    ],
)
def test_code_is_no_loop(block: str) -> None:
    text = "".join(f"{prose(20, n)}{block}{prose(9, n + 99)}" for n in range(1, 13))
    assert find_loop(text) is None
    assert find_loop(text + block) is None, "nor at the end"


def test_code_that_is_written_until_the_limit_cuts_it_is_a_loop() -> None:
    text = prose(50, 1) + "```python\n" + CODE + "    total = total + value  # once more\n" * 60
    loop = find_loop(text[:-7])
    assert loop is not None
    assert loop.repeats > 50


def test_code_is_told_by_its_form() -> None:
    text = f"{prose(30, 1)}\n{CODE}\n{prose(30, 2)}"
    (span,) = code_spans(text)
    assert text[slice(*span)].strip() == CODE.strip()
    steps = "1. Take the goat over.\n2. Return alone.\n- Light rope A at both ends.\n- x = 5, so y = 6.\n"
    assert code_spans(steps * 3) == []
    assert [text[slice(*span)] for text in ["So:\n```\na\nb"] for span in code_spans(text)] == ["```\na\nb"]


FORMS = {
    "Java": """public int twoSum(int[] nums) {
    for (int i = 0; i < nums.length; i++) {
        seen.put(nums[i], i);
    }
    return 0;
}
""",
    "C++": """#include <iostream>
using namespace std;

int main() {
    int n;
    cin >> n;
    cout << n << endl;
}
""",
    "JavaScript": """const app = express();
app.get('/items', async (req, res) => {
  const items = await db.find({ owner: req.id });
  res.json(items.map(item => item.name));
});
""",
    "SQL": "SELECT c.name, COUNT(o.id)\nFROM customers c\nLEFT JOIN orders o ON o.id = c.id\nGROUP BY c.name;\n",
    "shell": "#!/bin/bash\nfor file in *.txt; do\n    echo $file\n    sort $file\ndone\n",
    "YAML": "services:\n  web:\n    image: nginx\n    ports:\n      - one\n",
    "HTML": "<ul>\n  <li>First item of it</li>\n  <li>Second item of it</li>\n</ul>\n",
    "a maze": "# # # # # #\n# S . . # #\n# # # . E #\n# # # # # #\n",
    "a tree of files": "├── main.py\n├── parts/\n│   └── helpers.py\n└── tests/\n",
    "a log": "2024-01-01 10:00:00 INFO Starting\n2024-01-01 10:00:01 INFO Connected\n2024-01-01 10:00:02 ERROR Lost\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_code_of_many_forms(form: str) -> None:
    block = FORMS[form]
    text = f"{prose(30, 1)}\n{block}\n{prose(30, 2)}"
    inside = sum(end - start for start, end in code_spans(text))
    assert 0.7 * len(block) <= inside <= len(block)


@pytest.mark.parametrize(
    "lines",
    [
        "$ x = 7 $ is one.\n$ x = 8 $ is none.\n$ y = 9 $ is one.\n",
        "So x = 5.\nThen y = 6.\nFor n = 1: it is 2.\nFor n = 2: it is 3.\n",
        "- Rope A will burn out.\n- Rope B has 30 minutes left.\n- Light the other end.\n",
        "cos(5π/3)=1/2,\ncos(7π/3)=1/2,\nso between 5/9 and 7/9,\n",
        "Wait, let me check.\nLet x be the number; let y be the other;\nreturn to the question.\n",
    ],
)
def test_mathematics_and_lists_are_no_code(lines: str) -> None:
    assert code_spans(lines * 4) == []
