"""Define the scripts that are told apart in a reasoning, and find which ones a question names or asks for. Pure.

A script's class holds its letters and the marks that stand with them: without its vowel signs a Hindi word would be
single letters. Names of languages are read in English and Chinese, those of Latin languages in Japanese, Korean and
Russian too. A name that stands for something else ("Chinese remainder theorem", "Russian roulette") asks for nothing.
"""

from __future__ import annotations

import re

__all__ = ["ALL_SCRIPTS", "CASED", "SCRIPTS", "named_scripts"]

SCRIPTS = {
    "Han": "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々\U00020000-\U0003ffff",
    "Hiragana": "\u3041-\u3096",
    "Katakana": "\u30a1-\u30faー\u31f0-\u31ff",
    "Hangul": "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "Cyrillic": "\u0400-\u052f",
    "Arabic": "\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff"
    "\ufe70-\ufefc",
    "Hebrew": "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u05d0-\u05ea",
    "Thai": "\u0e01-\u0e3a\u0e40-\u0e4e",
    "Lao": "\u0e81-\u0ece",
    "Khmer": "\u1780-\u17d3",
    "Myanmar": "\u1000-\u103f",
    "Tibetan": "\u0f40-\u0fbc",
    "Devanagari": "\u0900-\u0963",
    "Bengali": "\u0980-\u09e3",
    "Gurmukhi": "\u0a00-\u0a65\u0a70-\u0a75",
    "Gujarati": "\u0a80-\u0ae3",
    "Tamil": "\u0b80-\u0be5",
    "Telugu": "\u0c00-\u0c63",
    "Kannada": "\u0c80-\u0ce3",
    "Malayalam": "\u0d00-\u0d63",
    "Sinhala": "\u0d80-\u0df3",
    "Ethiopic": "\u1200-\u135f",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Armenian": "\u0531-\u0556\u0561-\u0587",
    "Georgian": "\u10a0-\u10ff",
}
"""Letters and marks of each script, as a character class; Latin is told by words."""

CASED = frozenset({"Cyrillic", "Greek", "Armenian"})
"""Scripts with capitals, by which a name is told."""

ALL_SCRIPTS = frozenset({*SCRIPTS, "Latin"})

_KANA = ("Hiragana", "Katakana")
_NAMES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("Han",),
        "Chinese|Mandarin|Cantonese|Taiwanese|Hokkien|Hanzi|Kanji|Hanja|Pinyin",
        "[中汉漢华華]文|[汉漢华華国國粤粵]语|汉字|漢字",
    ),
    (("Han", *_KANA), "Japanese|Hiragana|Katakana|Kana|Romaji", "日[文语語]|日本[语語]|假名|仮名"),
    (("Hangul",), "Korean|Hangul", "[韩韓][文语語]|朝鲜[语文]|한글|한국어"),
    (
        ("Cyrillic",),
        "Russian|Ukrainian|Bulgarian|Serbian|Macedonian|Belarusian|Kazakh|Kyrgyz|Tajik|Mongolian|Cyrillic",
        "俄[文语語]|乌克兰[语文]|保加利亚[语文]|塞尔维亚[语文]|蒙古[语文]|西里尔",
    ),
    (
        ("Arabic",),
        "Arabic|Persian|Farsi|Urdu|Pashto|Kurdish|Uyghur",
        "阿拉伯[语文]|波斯[语文]|乌尔都[语文]|维吾尔[语文]",
    ),
    (("Hebrew",), "Hebrew|Yiddish", "希伯来|意第绪"),
    (("Thai",), "Thai", "泰[文语]"),
    (("Lao",), "Lao", "老挝[语文]"),
    (("Khmer",), "Khmer|Cambodian", "高棉[语文]|柬埔寨[语文]"),
    (("Myanmar",), "Burmese", "缅甸?[语文]"),
    (("Tibetan",), "Tibetan", "藏[语文]"),
    (
        ("Devanagari",),
        "Hindi|Marathi|Nepali|Sanskrit|Devanagari|Konkani|Bhojpuri",
        "印地[语文]|马拉[地提][语文]|尼泊尔[语文]|梵[语文]|天城",
    ),
    (("Bengali",), "Bengali|Bangla|Assamese", "孟加拉[语文]"),
    (("Gurmukhi", "Arabic"), "Punjabi|Gurmukhi", "旁遮普"),
    (("Gujarati",), "Gujarati", "古吉拉特"),
    (("Tamil",), "Tamil", "泰米尔"),
    (("Telugu",), "Telugu", "泰卢固"),
    (("Kannada",), "Kannada", "卡纳达"),
    (("Malayalam",), "Malayalam", "马拉雅拉姆"),
    (("Sinhala",), "Sinhala|Sinhalese", "僧伽罗"),
    (("Ethiopic",), "Amharic|Tigrinya", "阿姆哈拉"),
    (("Greek",), "Greek", "希腊[语文字]"),
    (("Armenian",), "Armenian", "亚美尼亚[语文]"),
    (("Georgian",), "Georgian", "格鲁吉亚[语文]"),
    (
        ("Latin",),
        "Translate|Summari[sz]e|Explain|Rewrite|Paraphrase|Classify|Extract|Answer|Solve"
        "|English|French|German|Spanish|Italian|Portuguese|Latin|Dutch|Vietnamese|Polish|Turkish|Indonesian|Romaji|Pinyin",
        "英[文语語译]|[法德][文语語]|西班牙[语文]|意大利[语文]|葡萄牙[语文]|拉丁|越南[语文]|外[语文]|拼音|单词|字母|缩写|翻[译譯]"
        "|歌词|歌名|영어|английск|французск|немецк|испанск|латин",
    ),
    (
        tuple(sorted(ALL_SCRIPTS)),
        "multilingual|bilingual|polyglot|etymolog[a-z]*|transliterat[a-z]*"
        "|(?<!programming )(?<!formal )(?<!regular )languages",
        "双语|雙語|多[种種]?[语語]言|各[国國]?[语語]言|[词詞]源",
    ),
)
_ELSE = (
    r"(?!['’]?s?[ -](?:remainder|roulette|dolls?|checkers|chess|restaurants?|food|cuisine|dish|tea|zodiac|new year|yuan"
    r"|yen|won|rouble|ruble|dynasty|emperor|government|company|companies|city|cities|province|population|people|students?"
    r"|tourists?|man|men|woman|women|girls?|boys?|teams?|players?|medicine|numerals?|postman|salad|yogh?urt|god|gods"
    r"|mythology|shepherd|cars?|market|economy|war|army|revolution|theorem|chess|bank|merchants?|farmers?"
    r"|traders?|workers?|soldiers?|scientists?|mathematicians?|doctors?|citizens?|famil(?:y|ies)|couples?|president|spy|spies|coins?|currency|flag"
    r"|passports?|phones?|ships?|navy|rockets?|stocks?|territory|border|coast|islands?|products?|toys?)\b)"
)
_READ = tuple(
    (frozenset(scripts), re.compile(rf"\b(?:{english})\b{_ELSE}|{other}", re.I)) for scripts, english, other in _NAMES
)


def named_scripts(question: str) -> frozenset[str]:
    """Return the scripts of the languages that a question names: what a reasoning writes in them was asked for."""
    return frozenset().union(*(scripts for scripts, names in _READ if names.search(question)))
