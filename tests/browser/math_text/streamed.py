"""Any texts, in any chunks with any pauses: what tests and the benchmark of streams feed a growing text with."""

from typing import Any

from playwright.sync_api import Page

PROSE = [
    "a", "words of prose", "A sentence of quite a few words.", "这是一个没有空格的中文句子", "x = y", "+ c", "$", "$$",
    "\n$$\n", r"\[", r"\]", "\n\\[\n", "\n\\]\n", r"\(", r"\)", "$x$", "$x_1$ and ", "$$q^2$$", r"\begin{align}",
    r"\end{align}", "\n", "\n\n", "\n\n", " ", "    ", "\n## T $h$\n", "\n---\n", "\n===\n", "`", "\n```\n", "*", "**",
    "_", "[a]", "[a][c]", "\n\n[a]: /b\n\n", '\n\n[c]: /d "t"\n\n', "![i](j)", "<b>", "</b>", "\n<div>\n",
    "\n</div>\n", "\n\n<details>\n\n", "\n\n</details>\n\n", "$5", r"\$", "&amp;", "{", "}", "\r\n", "\ue000",
]  # fmt: skip
LISTS = [
    "\n- ", "\n-\n", "\n-", "\n* ", "\n+ ", "\n1. ", "\n2. ", "\n3) ", "\n10. ", "\n  - ", "\n   - ", "\n    - ",
    "\n      ", "\n   ", "\n\n   ", "\n\n  ", "\n\n\n", "a", "x y", "$$\na\n\nb\n$$", "\n  > ", "\n> - ", "\n- > ",
    "\n  ```\n", "[ ] ", "[x] ", "\n***\n", "\n\n\t", "\n-\n\n  a", "\n1.\n", "\n- [a]: /c\n", "\n- a\n\n\n- b",
]  # fmt: skip
TABLES = [
    "\n| a | b |\n|---|---|\n", "\n| c | d |", "\n| $x$ | e |", "\n|f|", "\n| a | b |\n|:-:|--:|\n", "\na | b\n-|-\n",
    "\nc | d", "\n| x | y | z |", "|", "\n|", "$|b|$", "\\|", "`|`", "\n    code", "\n| [a] | [b][a] |",
    "\n|---|---|\n", "\n   | k | l |", "\n> | a | b |\n> |---|---|\n> | c | d |", "\n| m | n |\n| o | p |\n| q | r |",
]  # fmt: skip
QUOTES = [
    "\n> ", "\n>", "\n>\n> ", "\n> > ", "\n> >\n> > ", "\n>\n", "\n> - ", "\n>   ", "\n> 1. ", "\n> # h\n",
    "\n> ```\n", "\n> code", "\n> $$\n> a\n> $$\n", "\n> $$\n", "\nlazy", "\n>     code", "\n  > ", "\n   > ",
    "\n    > ", "\n> ===\n", "\n> ---\n", "\n> [a]: /b\n", "\n> <div>\n", "\n> </div>\n", ">", "\n>\t",
    "\n> One sentence of words.\n>\n> And one.",
]  # fmt: skip
NOTES = [
    "a[^1]", "b[^n] and", "[^1][^2]", "\n\n[^1]: one", "\n[^2]: two $x$", "\n\n[^n]: see[^1]\n\n    more $y$\n",
    "\n    - i", "\n\n    ", "\nlazy", "[^1]: ", "[^", "]: ", "\n> [^2]: in a quote", "\n- [^n]: in an item",
    "[a[^1]](/b)", "`[^1]`",
    "\n| [^1] | b |\n|---|---|\n| c | [^2] |", "\n\n[^3]: [^3][^n]\n", "\n# h[^2]\n", "![i[^1]](j)", "[^1](x)",
]  # fmt: skip
KINDS = {
    "prose": PROSE,
    "lists": PROSE + 2 * LISTS,
    "tables": PROSE + 3 * TABLES,
    "quotes": PROSE + 2 * QUOTES,
    "notes": PROSE + 3 * NOTES + LISTS,
    "all": PROSE + LISTS + TABLES + QUOTES,
}

# What makes a text, list, table or quote a very long one: how it begins, what comes again and again, and how often, at
# least, until its first part is nearly full.
LONG = {
    "paragraphs": ("", "words\n\n", 394),
    "list": ("Here:\n\n", "- an item\n", 54),
    "numbered list": ("", "7. one $x$\n", 54),
    "table": ("| a |\n|---|\n", "| $b$ |\n", 54),
    "quote": ("", "> words\n>\n", 54),
}

COMPARE = r"""async ([pieces, first, count, [head, line, lines]]) => {
    const {GrowingText} = await import('/static/math-text/growing-text.js');
    const randomFrom = (seed) => () => { // mulberry32
        seed = (seed + 0x6d2b79f5) | 0;
        let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
    const shown = (chunks) => {
        const host = document.createElement('div');
        const growing = new GrowingText(host, 'markdown');
        for (const {chunk, pauses} of chunks) {
            growing.append(chunk);
            if (pauses) growing.pause();
        }
        growing.pause();
        return host.innerHTML.replace(/(note(?:-mark)?-)\d+-/g, '$1'); // what makes ids differ between texts
    };
    const different = [];
    for (let seed = first; seed < first + count; seed += 1) {
        const random = randomFrom(seed);
        const any = (list) => list[Math.floor(random() * list.length)];
        const source = Array.from({length: 1 + Math.floor(random() * 14)}, () => any(pieces)).join('');
        const [pausing, fixed] = [random() < 0.5 ? random() / 2 : 0, random() < 0.5 ? any([1, 2, 3, 20]) : 0];
        const before = head + line.repeat(lines && lines + any([0, 32]) + seed % 9);
        const chunks = [{chunk: before, pauses: false}];
        for (let at = 0; at < source.length; at += chunks.at(-1).chunk.length) {
            const size = fixed || any([1, 1, 2, 3, 7, 20, 60, 1000]);
            chunks.push({chunk: source.slice(at, at + size), pauses: random() < pausing});
        }
        const [grown, whole] = [shown(chunks), shown([{chunk: before + source, pauses: false}])];
        if (grown !== whole) different.push({seed, chunks, grown, whole});
    }
    return different;
}"""


def grown_otherwise(
    page: Page, kind: str, first: int, count: int, long: tuple[str, str, int] = ("", "", 0)
) -> list[dict[str, Any]]:
    """Of texts with these seeds, those that end otherwise in chunks than at once; `long` comes before each."""
    return list(page.evaluate(COMPARE, [KINDS[kind], first, count, long]))
