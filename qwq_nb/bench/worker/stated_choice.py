"""Read which of several choices a text states as its answer, and whether it refuses to give one.

A letter is *stated* where it is called the answer, stands alone on the last line, or is boxed; it is *named* where it
stands as a word of its own: not the pronoun "I", nor the article "A", nor in "Appendix B". A grader that takes the last
capital letter of a text takes letters that are neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qwq_nb.trace.boxed import boxed_or_stated, trimmed

__all__ = ["choice_by_text", "is_refusal", "names_letter", "only_labels", "stated_letter"]

_VERBS = (
    "think|believe|guess|would|will|can|could|cannot|am|was|have|had|do|don|did|must|should|may|might|need|know|see"
    "|find|get|got|say|said|choose|chose|pick|go|suppose|feel|mean|want|hope|assume|conclude|prefer|really|also|just"
    "|first|then|now|used|use|made|not|tried|try|understand|apologize|give|recall|remember|considered|consider"
)
_NOT_A_WORD = (
    rf"(?![A-Za-z0-9'’_]|-[a-z])(?<!I(?=\s(?:{_VERBS})\b))(?!\s*(?:or|and|/|,)\s*\(?[A-Z]\b(?!\s(?:is|are)\b))"
)
"""Behind a letter: no longer word, no verb behind "I", no second letter."""
_NOT_ARTICLE = r"(?<!A(?=\s(?!because|since|as\b|is\b|and\b|for\b|due\b|here\b|with\b)[a-z]))"
_OPEN = r"[\s*]*(?:option|choice|letter)?[\s*]*[(\[$*\\{<]*"
_ADVERBS = (
    r"(?:(?:therefore|thus|hence|clearly|simply|then|likely|probably|definitely|indeed|just|for sure|certainly|most"
    r"|still|actually|really|obviously|of course|surely|also|the)[,\s]+){0,3}"
)
_IS_RIGHT = r"[)\]*]{0,4}\s+(?:is|seems|must be|would be)\s+(?:(?:the|therefore|only|indeed|most|likely)\s+){0,3}"
_FORMS = (
    re.compile(r"\bans(?:wer)?\b\W{0,6}[:：]\W{0,6}(?:option|choice)?\W{0,4}([A-Za-z])(?![A-Za-z0-9])", re.I),
    re.compile(rf"\b[Aa]nswer\b[^.\n]{{0,30}}?\b(?:is|be)\b[:\s*]*{_ADVERBS}{_OPEN}([A-Z]){_NOT_A_WORD}"),
    re.compile(r"\bANSWER\b[^.\n]{0,30}?\bIS\b[:\s*]*[(\[*]*([A-Z])(?![A-Za-z0-9'])"),
    re.compile(r"\banswer\b[^.\n]{0,30}?\bis\b[:\s*]*(?:option|choice|letter)?[\s*]*\(([a-z])\)", re.I),
    re.compile(rf"(?<![\w'’])\(?([A-Z]){_IS_RIGHT}(?:correct|right|best|answer|true one|one that)"),
    re.compile(
        r"\b(?:[Cc]h(?:oose|ose)|[Pp]ick|[Ss]elect|go(?:ing)? (?:with|for)|opt for|correspond(?:s|ing)? to|match(?:es)?"
        rf"|settle on|(?:match|choice|option|selection|statement) (?:is|would be|must be|should be))\s+{_OPEN}([A-Z])"
        rf"{_NOT_A_WORD}{_NOT_ARTICLE}"
    ),
    re.compile(
        r"\b(?:[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|[Cc]onclusion|[Ff]inal(?:ly)?"
        r"|[Tt]hat(?:['’]s| is)|[Ii]t(?:['’]s| is))"
        rf"[,:]?\s+(?:(?:it(?:['’]s| is)|the|is|must be|would be)\s+){{0,3}}{_OPEN}([A-Z])"
        r"[)\]*$}]{0,4}(?=\s*(?:[.,;:!]|$))",
        re.M,
    ),
    re.compile(r"\b(?:is|be|only)\s+(?:[Oo]ption|[Cc]hoice)\s*[(*]*([A-Z])(?![A-Za-z0-9'’])"),
    re.compile(r"\b(?:[Oo]ption|[Cc]hoice)\s*[(*]*([A-Z])[)*]*\s*[.!]?\s*\Z"),
    re.compile(r"\\(?:boxed|fbox)\s*\{\s*(?:\\(?:text|mathrm|mathbf|textbf)\s*\{)?\s*\(?([A-Za-z])\)?[.)]?\s*\}"),
    re.compile(
        r"(?:答案|正确选项|正解|答え?|정답|답)\s*(?:应该|应|應)?\s*(?:是|为|為|选|選|は|은|[:：])[\s*（(【\[：:]*(?:选项|選項)?\s*"
        r"([A-Za-z])(?![A-Za-z0-9])"
    ),
    re.compile(r"(?:选择?|選擇?)(?:项|項|答案)?[\s*（(【\[：:]*([A-Z])(?![A-Za-z0-9])"),
    re.compile(
        r"\b(?:r[ée]ponse|respuesta|resposta|risposta|antwort|ответ)\b(?:\s\w+)?\s*(?:es|est|ist|lautet|è|é|[:：=—])"
        r"[\s*(\[]*([A-Z])(?![A-Za-z0-9'’])",
        re.I,
    ),
)
_LONE_LINE = re.compile(r"[\s>#*(\[$]*(?:option |choice )?[*(\[$]*([A-Z])[)\]*.$:]*\s*", re.I)
_LABELLED_LINE = re.compile(r"\s*[*(\[]*([A-Z])(?:[)\]:]|\.(?=\s))\**\s+\S.*")
_LABELS = (
    r"(?:appendix|appendices|fig(?:ure)?|table|sect(?:ion)?|steps?|chapter|pages?|p|eq(?:uation)?|lines?|lemma|theorem"
    r"|proposition|corollary|problem|question|exercise|item|error|code|status|version|annex|attachment|exhibit|note"
    r"|footnote|phase|stage|schedule|module|unit|volume|vol|room|vitamin|hepatitis|group|type|class|plan|team|site"
    r"|part|panel|box|column|row|ref|附录|图|表|步骤|第)"
)
_BEHIND_LABEL = re.compile(rf"(?:(?<![A-Za-z]){_LABELS}\.?|#)[\s(<\[*#:]{{0,3}}\Z", re.I)
_REFUSAL = re.compile(
    r"\b(?:I|we)(?:['’]m| am| was| were|['’]re| are)?\s(?:(?:very |so )?sorry|(?:not |un)able to|unable)"
    r"|\b(?:I|we) (?:can(?:no|['’])t|can not|could(?: not|n['’]t)"
    r"|(?:do not|don['’]t|did not|didn['’]t) (?:know|have|find)"
    r"|won['’]t|will not|refuse|(?:must )?decline|give up|gave up|have no (?:idea|answer))\b"
    r"|\b(?:unable|not able|not possible|impossible|failed) to (?:solve|answer|determine|work|find|provide|complete"
    r"|help|assist|comply|generate|produce|process|decide|reach|give|say|tell)"
    r"|\bno (?:final )?(?:answer|conclusion)\b|\bas an AI\b|\bcannot be (?:answered|determined|solved)\b"
    r"|(?:^|\n)[\s\W]*(?:[A-Za-z]*error|exception|traceback|time-?out|timed out|refus(?:al|ed)"
    r"|HTTP \d{3}|\d{3} [A-Z])\b"
    r"|\b(?:maximum (?:context |token )?(?:length|tokens)|(?:context|token|rate|time|length) limit|context length"
    r"|timed out|out of memory|service unavailable|internal server error|bad gateway|content (?:filter|policy))\b"
    r"|抱歉|对不起|無法|无法|不能(?:回答|提供|确定)|不知道|申し訳|わかりません|できません|죄송|모르겠"
    r"|\bje ne (?:peux|sais)|désolé|\bno puedo\b|\blo siento\b|\bleider\b|\bkann\b.{0,20}\bnicht\b|\bnão (?:posso|sei)"
    r"|не могу|извините|не знаю",
    re.I,
)


def stated_letter(text: str, count: int = 26) -> str | None:
    """Return the letter that the text states as its answer, in upper case; the last statement counts.

    None if there is none: a letter beyond the `count` choices, or without a statement around it, does not count.
    """
    best, at = None, -1
    for form in _FORMS:
        for match in form.finditer(text):
            letter = match.group(1).upper()
            if match.start(1) > at and ord(letter) - ord("A") < count:
                best, at = letter, match.start(1)
    lines = [line for line in text.splitlines() if line.strip()]
    if lines:
        listed = sum(bool(_LABELLED_LINE.fullmatch(line)) for line in lines) > 1
        line = _LONE_LINE.fullmatch(lines[-1]) or (None if listed else _LABELLED_LINE.fullmatch(lines[-1]))
        if line and ord(line.group(1).upper()) - ord("A") < count and (line.group(1).isupper() or len(lines) == 1):
            best = line.group(1).upper()
    return best


def choice_by_text(text: str, choices: Sequence[str]) -> str | None:
    """Return the letter of the only choice whose text is boxed, called the answer, or stands in the last line."""
    texts = [_words(choice) for choice in choices]
    said = _words(boxed_or_stated(text))
    found = [number for number, choice in enumerate(texts) if choice and choice == said]
    lines = [line for line in text.splitlines() if line.strip()]
    if not found and lines and not is_refusal(text):
        last = _words(lines[-1])
        found = [
            number
            for number, choice in enumerate(texts)
            if choice == last or (len(choice) > 2 and re.search(rf"(?<![\w.]){re.escape(choice)}(?!\w|\.\d)", last))
        ]
    return chr(ord("A") + found[0]) if len(found) == 1 else None


def names_letter(text: str, letter: str) -> bool:
    """Return whether the letter stands in the text as a word of its own that can mean a choice (see the module)."""
    return any(
        not _BEHIND_LABEL.search(text[max(match.start() - 20, 0) : match.start()])
        for match in re.finditer(
            rf"(?<![A-Za-z0-9_'’\\])(?:{re.escape(letter)})(?![A-Za-z0-9_'’]|-[a-z])"
            rf"(?<!I(?=\s[a-z]))(?<!A(?=\s[a-z]))",
            text,
        )
    )


def only_labels(text: str, value: str) -> bool:
    """Return whether the value stands in the text as the label of something ("Appendix 4", "step 4") and only so."""
    places = list(re.finditer(rf"(?<![\w.]){re.escape(value)}(?!\w)", text)) if value else []
    return bool(places) and all(_BEHIND_LABEL.search(text[max(m.start() - 20, 0) : m.start()]) for m in places)


def is_refusal(text: str) -> bool:
    """Return whether the text says that it gives no answer, or is a report of an error."""
    return bool(_REFUSAL.search(text))


def _words(text: str) -> str:
    return " ".join(trimmed(text).casefold().strip(" .。*'\"“”").split())
