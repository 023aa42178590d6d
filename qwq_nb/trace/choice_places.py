"""Find where a reasoning names the right one of several choices, by its label or by its text.

A label (a letter, or a number where the question's options are numbered) counts where it is called the answer: "the
answer is C", "option C is correct", "The best match is C", "C is the answer", "I'd go with (C)", `\\boxed{C}`, "So C.",
"C it is", "only option C gives …", "So 5/8, which is C.", "Looking at the options, C is …", 答案是 C.
Listing or discussing "Option C says …" does not, nor do several at once ("A, G, or H") and the article "A"; nor a label
behind "if", "whether" or "not".

The text of the choice counts (`choice_texts.py`) where it is a value that is stated as an answer by `answer_places.py`,
taken as strictly as one that stands in the question, since it does; or where its words come in a sentence that
concludes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from qwq_nb.trace.choice_lists import listed_verdicts
from qwq_nb.trace.choice_texts import choice_statements
from qwq_nb.trace.findings import AnswerPositions, Span
from qwq_nb.trace.suppositions import LOOK_BACK

__all__ = ["find_choice", "label_statements", "options_of"]

_CHOICE = r"(?:option|choice|answer|letter|statement|selection|选项)"
_NOUN = r"(?:option|choice|letter|statement)"
_SURE = r"(?:indeed |likely |probably |clearly |definitely |certainly |just |simply |still |the |then ){0,3}"
_BE = (
    r"(?:is|are|['’]s|was|be|(?:must|should|would|could|might|has to|have to|seems? to|appears to) be|seems|appears"
    r"|looks)"
)
_GOOD = (
    r"(?!only (?:true|correct|right)\b)(?:to be )?(?:indeed |likely |probably |clearly |definitely )?"
    r"(?:the |a |my )?(?:only |most |best )?"
    r"(?:correct|right|best|answer|one|accurate|true|likely|plausible|reasonable|appropriate|suitable|consistent"
    r"|closest(?! to)|match|fit|choice|option|way to go|(?:strongest|safest|(?:most )?\w+ \w+) (?:answer|choice))\b"
    r"(?! (?:of|if|when|only if)\b)"
)
_OR_ANOTHER = r"(?:, [A-Z])*,? (?:or|and) (?:maybe |perhaps |option )?[A-Z]\b(?!['’])"
"""Behind a label that is one of several: "A, G, or H"."""
_END = r"[)\]*}\"”.]{0,4}(?=[.,;:!\s]|\Z)"


def _label(name: str, digits: bool) -> str:
    """A label and what may stand around it; the article "A" and a number with a unit are none."""
    sign = (
        r"[1-9](?![\d%°\w]|[.,]\d|\s?[-+*/=×])"
        if digits
        else rf"[A-Z](?![A-Za-z'’_^]| [a-z]{{2,}} (?:and|of|to)\b)(?!{_OR_ANOTHER})"
    )
    return rf"(?:\*\*|\$|[(\[\"“]){{0,3}}(?:\\(?:text|mathrm|textbf)\{{\(?)?(?P<{name}>{sign})"


@lru_cache(maxsize=2)
def _stated(digits: bool) -> re.Pattern[str]:
    """What calls a label the answer. Where labels are digits they need a noun before them."""

    def mark(name: str) -> str:
        return _label(name, digits)

    of_digits = "(?:answer|option|choice) " if digits else ""
    patterns = [
        # "the answer is C", "Answer: C"
        rf"\b(?i:answers?)\b(?:[^.\n?]{{0,40}}?\b(?i:is|be|as|was)\b|[:：])[\s:*]{{0,4}}{_SURE}"
        rf"(?:(?i:{_CHOICE}) )?{mark('a')}",
        # "option C is correct", "option C seems right"
        rf"\b(?i:{_CHOICE}) [(\[*]{{0,3}}{mark('b')}[)\]*]{{0,3}}(?: it)? {_BE} {_GOOD}",
        rf"\b(?i:{_CHOICE}) {mark('b2')}[)\]*]{{0,3}},? (?:which |that )?"
        r"(?:(?i:seems? to )?(?:match(?:es)?|fits?|works)|it is)\b(?! (?:if|only))",
        # "The best match is C", "So the correct statement is C)"
        rf"\b(?i:best|correct|right|closest|final|most \w+|only(?: \w+)?)(?: [a-z]+){{0,3}}"
        rf"(?::| {_BE}|['’]s)[: ]{{1,2}}{_SURE}(?:(?i:{_CHOICE}) )?{mark('c')}{_END}",
        # "that would be choice C:", "This is option C."
        rf"\b(?:[Tt]his|[Tt]hat|[Ii]t|[Ww]hich)(?: {_BE}|['’]s| corresponds to| matches| gives| points to) {_SURE}"
        rf"(?:the )?(?i:{_NOUN}) {mark('d')}[)\]*}}]{{0,4}}(?=[.;:!\n]|\Z| in the list)",
        r"\b(?i:choose|pick|select|go(?:ing)? with|lean(?:ing)? towards?|settle on|corresponds? to|points? to"
        r"|match(?:es)?(?: with)?|opt for|say|choice is|guess is|(?:I['’]ll|I['’]d|I will|I would) answer)"
        rf" (?:the )?{of_digits}(?:(?:answer|option|choice) )*{mark('e')}{_END}",
        # "Option C is Plane. That should be the answer."
        rf"\b(?i:option|choice) {mark('q')}[)\]*]{{0,3}}(?:[ :,][^.\n]{{0,60}})?[.,] "
        r"(?:[Ss]o )?(?:[Tt]hat|[Tt]his|[Ii]t)(?:['’]s| is| must be| should be| would be) "
        r"(?:indeed |likely |probably )?(?:the|my) "
        r"(?:final |correct |right |best )?(?:answer|one|choice|option)\b",
        # "Looking at the options, B is $98.71." "Option E says so, which is exactly what I calculated."
        rf"\b[Oo]ptions(?: again| given| provided)?, (?:I see )?(?:that )?(?:{_NOUN} )?{mark('r')}"
        r" (?:is|says|has|lists)\b"
        r"(?![^.\n]{0,80}[,;] (?:and )?(?:option )?[A-Z1-9] (?:is|says|has)\b"
        r"|[^\n]{0,120}[.] [Oo]ption [A-Z1-9] (?:is|says|has)\b)",
        rf"\b(?i:option|choice) {mark('s')}[)\]*:]{{0,3}} (?:(?:says|is|states|has|lists|gives|shows) )?"
        r"(?:[^.?!\n]|\.\d){0,120}?(?:[.,] (?:So |And )?(?:[Tt]hat|[Tt]his|[Ww]hich|[Ii]t)(?:['’]s| is| was)? )?"
        r"(?:is )?(?:exactly|precisely|just|matches|what) "
        r"(?:that|what|this|(?:with |to )?(?:what |my |the )?(?:I|we|calculat|result|answer|value))",
        # "That is very close to 11 in. (Option G)." "Is $62 an option? Yes, option H."
        rf"\b(?:close to|match(?:es)?|equals?|agrees? with|consistent with)\b[^\n?]{{0,60}}?[ (](?i:option|choice) "
        rf"{mark('t')}\b",
        rf"\b[Yy]es[,!.]? (?:(?:it|that)(?:['’]s| is) )?(?:the )?(?i:option|choice) {mark('u')}\b",
        rf"\b[Oo]nly (?:the )?(?i:{_NOUN}) {mark('f')}\b",
        r"\\(?:boxed|fbox)\s?\{\s?(?:\\(?:text|mathrm|textbf)\{)?\(?"
        + mark("g").replace(r"[(\[\"“]", r"[(\[]")
        + r"\)?[.)]?\}",
        rf"\b[Ff]inal answer,? {mark('p')}{_END}",
        rf"<(?i:answer)>\s?{mark('h')}",
        r"\b(?:[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence),? (?:(?:it is|it['’]s|the|that['’]s|that is) ){0,2}"
        rf"{_NOUN} {mark('i')}{_END}",
        r"答案[应该当]{0,2}[是为选：:\s]{0,4}(?:选项)?\s?" + mark("z"),
        r"(?:选择?|选项) ?" + mark("y") + r"(?=[。，,.\n]|\Z| ?(?:是)?正确)",
    ]
    if not digits:
        patterns += [
            rf"\b(?:[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|[Tt]hat['’]s|I think|I['’]d say),?"
            rf" (?:(?:it is|it['’]s|it must be|it should be|the|option|choice|answer) ){{0,3}}"
            rf"{mark('j')}(?:[)\]*}}]{{0,4}}(?=[.,;:\n]|\Z)| it is\b|[)\]*]{{0,3}} {_BE} {_GOOD})",
            # "C is the answer.", "C it is."
            rf"(?<![A-Za-z'’(\[*\d._–-])(?<!\bto )(?:\*\*|[(\[]){{0,2}}(?P<k>[A-Z])[)\]*]{{0,3}} (?:{_BE} {_GOOD}"
            rf"|it is\b|(?:fits|matches|works|suits) (?:best|perfectly|exactly|this|that|well)\b|makes the most sense"
            r"|is it\b(?=[.!]))",
            rf"\b(?:it|this|that|which)(?:['’]s| is| must be| should be| has to be| would be) {mark('l')}"
            r"[)\]*}]{0,4}(?=[.,;:!\n]|\Z| because| since)",
            # "So −5 kJ/mol, letter C." "So 5/8, which is listed as A." "That's D in the list."
            rf"\b(?:[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|go with|confident in)\b(?:[^.\n]|\.(?=\d)){{1,160}}?"
            rf"(?:, (?:the )?{_NOUN} |(?:which|that|this)(?: is|['’]s) (?:(?:the|listed as|given as|{_NOUN}) ){{0,2}})"
            rf"{mark('m')}[)\]*}}]{{0,4}}(?=[.,;\n]|\Z| in the list)",
            rf"\b[Tt]hat['’]s {mark('n')} in the list",
            r"(?:\A|\n)\s{0,3}\*\*\(?(?P<o>[A-Z])\)?\.?\*\*\s{0,3}(?=\n|\Z)",
        ]
    return re.compile("|".join(patterns))


_WHETHER = re.compile(
    r"(?:\b(?:if|whether|suppose|unless|not|why|how could)|n['’]t)\b[^.\n]{0,30}\Z"
    r"|(?:如果|假如|假设)[^。，,\n]{0,20}\Z|不\Z",
    re.I,
)
_OPEN = re.compile(
    r"(?:\W|\b(?:but|so|and|or|now|wait|actually|hmm|then|also|however|again|okay)\b)*"
    r"(?:(?P<asks>is|are|could|can|does|do|did|would|should|why|what|how)\b|if (?!I (?:had|have) to|forced))",
    re.I,
)
"""A sentence that begins so asks or supposes to its end."""
_ONE_OF = re.compile(r"\b[A-Z1-9](?:,| and| or|, and|, or) (?:option |choice )?\W?\Z")
"""Before a label that is one of several: "both A and B are correct"."""
_BOUND = re.compile(r"[.!?。！？][\"”)*]{0,2}\s|\n")
_NAMED = re.compile(
    r"\b(?:angle|point|line|segment|vertex|side|figure|appendix|table|vitamin|plan|case|step|part|section|equation|set|event"
    r"|class|type|group|phase|matrix|box|graph|hepatitis|grade|player|person|machine|car|town|city|route|bag)s? \Z",
    re.I,
)
"""Before a letter that is a thing's name, not a choice's."""
_OPTION = re.compile(
    r"(?:\\text(?:bf|rm)?\s?\{\s?)?\(([A-J])\)\}?[\s\\~]{0,3}(.{1,200}?)"
    r"(?=\\q?quad|(?:\\text(?:bf|rm)?\s?\{\s?)?\([A-J]\)|\n|\Z|\s{2,}[A-Z][a-z])"
)


def find_choice(
    reasoning: str, answer: str, question: str, gold: str, choices: list[str], *, correct: bool | None
) -> AnswerPositions:
    """Find the first and last statement of the right choice, and the one left for another (see `find_correct`).

    `gold` is its label: a letter, or a number where the options are numbered.
    """
    label = gold.strip().strip("().").upper()
    if not re.fullmatch(r"[A-Z]|[1-9]", label):
        return AnswerPositions()
    stated = list(label_statements(reasoning, label))
    spans = [span for found, span in stated if found == label]
    strong = spans[-1] if spans else None
    spans += listed_verdicts(reasoning, question, label)
    number = int(label) - 1 if label.isdigit() else ord(label) - ord("A")
    if number < len(choices):
        spans += choice_statements(reasoning, question, choices, number)
    if not spans:
        return AnswerPositions()
    spans.sort()
    found = AnswerPositions(spans[0], spans[-1])
    if correct is not False or strong is None:
        return found
    final = [other for other, _ in label_statements(answer, label)][-1:]
    later = [other for other, span in stated if span > strong and other != label]
    return found._replace(left=strong if later or (final and final != [label]) else None)


def label_statements(text: str, like: str) -> Iterator[tuple[str, Span]]:
    """Return the labels that are called the answer, in order, and where; `like` is one of them: a letter or digit."""
    for match in _stated(like.isdigit()).finditer(text):
        group = match.lastgroup or ""
        before = text[max(match.start() - 40, 0) : match.start()]
        if (
            not _WHETHER.search(before)
            and not (group == "k" and _NAMED.search(before))
            and not _ONE_OF.search(text, max(match.start(group) - 20, 0), match.start(group))
            and not _is_open(text, *match.span(group))
        ):
            yield match.group(group), match.span(group)


def _is_open(text: str, start: int, end: int) -> bool:
    """Whether the sentence that a label stands in asks ("Is there any chance that the answer is B?") or supposes."""
    begin = max((m.end() for m in _BOUND.finditer(text, max(start - LOOK_BACK, 0), start)), default=start - LOOK_BACK)
    opens = _OPEN.match(text, max(begin, 0), start)
    if opens is None or not opens["asks"]:
        return opens is not None
    stop = _BOUND.search(text, end)
    return "?" in text[end : stop.end() if stop else end + 100]


def options_of(question: str) -> list[str]:
    """Return the texts of the options that a question lists as "(A) … (B) …"; empty where it lists none."""
    found = {m.group(1): m.group(2).strip() for m in _OPTION.finditer(question)}
    labels = sorted(found)
    return [found[x] for x in labels] if len(labels) > 1 and labels == list("ABCDEFGHIJ"[: len(labels)]) else []
