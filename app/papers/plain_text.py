"""LaTeX text mode as Unicode plain text, for search, feeds, citations and page titles.

Accents, quotes, dashes and styles are resolved; mathematics keeps its source, delimiters and all, since no plain
form of a fraction or a matrix says the same. It is not TeX: what it does not know stays as it was written. What
the page shows is made in the browser from the source, not from this.
"""

import logging
import re
from functools import lru_cache

from pylatexenc.latex2text import LatexNodes2Text

from app.papers.formulas import find_formulas

# What the tables of pylatexenc are asked for is one macro or one accent at a time: on whole abstracts it takes
# some milliseconds each and fails on what people write outside of TeX, such as a lone brace.
_SYMBOLS = LatexNodes2Text(math_mode="verbatim")
# It complains of a macro that lacks its arguments, which texts cut short have, and which is kept as written here.
logging.getLogger("pylatexenc.latex2text").setLevel(logging.CRITICAL)

# Longer texts are no titles and no abstracts, and are left as they are.
_LONGEST = 100_000

# Patterns begin with a plain character, by which `re` skips the prose between; lengths are bounded, so that time
# grows with the text alone.
_STYLES = (
    "textbf|textit|emph|textsc|texttt|textsf|textrm|textsl|textup|textmd|textnormal|underline|uline|ul|mbox|hbox|text"
    "|textsuperscript|textsubscript|mathrm|mathbf|mathit|mathsf|mathtt|boldsymbol|em|it|bf|tt|sc|sf|rm|sl"
)
_SWITCHES = (
    "em|it|bf|tt|sc|sf|rm|sl|itshape|bfseries|ttfamily|scshape|small|large|footnotesize|noindent|centering"
)
_MACRO = re.compile(
    rf"""\\(?:
      (?P<escaped>  [%&_\#$@{{}}] )
    | (?P<space>    \\ | [ ,;:\n] )
    | (?P<nothing>  [-/!] | (?:begin|end)\{{[a-z*]{{1,20}}\}} | (?:textcolor|color)\s?\{{[^{{}}]{{0,80}}\}} )
    | (?P<accent>   (?:['"`^~=.]|[uvHcdbkrt](?![A-Za-z]))[ \t]?
                    (?:\{{\\?[A-Za-z]{{0,2}}\}}|\\[ij](?![A-Za-z])|[^\W\d_]) )
    | (?P<address>  url\s?\{{(?P<url>[^{{}}]{{0,500}})\}} )
    | (?P<link>     href\s?\{{(?P<target>[^{{}}]{{0,500}})\}}\s?\{{(?P<label>[^{{}}]{{0,500}})\}} )
    | (?P<cite>     (?:cite|ref|eqref)[a-z]{{0,12}}\*?\s?(?:\[[^\]]{{0,80}}\]){{0,2}}\{{(?P<keys>[^{{}}]{{0,500}})\}} )
    | (?P<footnote> footnote\s?\{{(?P<note>(?:[^{{}}]|\{{[^{{}}]{{0,500}}\}}){{0,1000}})\}} )
    | (?P<style>    (?:{_STYLES})\s?(?=\{{) )
    | (?P<switch>   (?:{_SWITCHES})(?![A-Za-z])\s? )
    | (?P<macro>    [A-Za-z]+(?:\{{\}})? )
    )""",
    re.VERBOSE,
)
_DASHES = re.compile(r"--(?<![-<]--)(-?)(?![->])")
_TIE = re.compile(r"~(?<=[\w.,)]~)")
_QUOTE = re.compile(r"`(?<!\w`)(?=\w)")
# Stand for \{ and \} until the other braces are gone; no source holds these two.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
# Stands for a formula while prose is read.
_FORMULA = "\ufdd2"


def plain_text(source: str) -> str:
    """The text of a title, an abstract, a name or a comment, in one line; never raises.

    >>> plain_text(r"``Erd\\H{o}s--R\\'enyi'' \\emph{graphs} of $\\mathbb{R}^n$,  50\\% of~them")
    '“Erdős–Rényi” graphs of $\\\\mathbb{R}^n$, 50% of them'
    """
    return " ".join(resolve(source).split())


def resolve(source: str) -> str:
    """The same text with its lines and spaces as they came."""
    if len(source) > _LONGEST or not _has_markup(source):
        return source
    return "".join(part for _, part in resolved_parts(source))


def resolved_parts(source: str) -> list[tuple[bool, str]]:
    """Formulas as they came and the prose between them resolved, in order, each told whether it is a formula.

    >>> resolved_parts(r"{\\it on $x$}")
    [(False, 'on '), (True, '$x$')]
    """
    parts = split_mathematics(source)
    # A group may hold a formula: prose is read as a whole, one character standing for each formula.
    prose = _prose("".join(_FORMULA if formula else part.replace(_FORMULA, "") for formula, part in parts))
    formulas = iter([part for formula, part in parts if formula])
    found: list[tuple[bool, str]] = []
    for index, part in enumerate(prose.split(_FORMULA)):
        if index and (formula := next(formulas, None)) is not None:
            found.append((True, formula))
        if part:
            found.append((False, part))
    return found


def split_mathematics(source: str) -> list[tuple[bool, str]]:
    """The parts of a text in order, each told whether it is a formula with its delimiters; joined they are the text.

    >>> split_mathematics("at $5, $x$")
    [(False, 'at $5, '), (True, '$x$')]
    """
    parts: list[tuple[bool, str]] = []
    at = 0
    for start, end in find_formulas(source):
        if start > at:
            parts.append((False, source[at:start]))
        parts.append((True, source[start:end]))
        at = end
    if at < len(source):
        parts.append((False, source[at:]))
    return parts


def _has_markup(source: str) -> bool:
    # Seven searches for a constant cost a tenth of one search for a pattern, and most texts end here.
    return (
        "\\" in source
        or "{" in source
        or "}" in source
        or "`" in source
        or "~" in source
        or "''" in source
        or "--" in source
    )


def _prose(source: str) -> str:
    if not _has_markup(source):
        return source
    if "\\" in source:
        source = _MACRO.sub(_plain, source)
    if "{" in source:
        source = _without_pairs(source)
    source = source.replace(_OPEN, "{").replace(_CLOSE, "}").replace("``", "“").replace("''", "”")
    if "--" in source:
        source = _DASHES.sub(lambda match: "—" if match[1] else "–", source)
    return _QUOTE.sub("‘", _TIE.sub(" ", source))


def _without_pairs(source: str) -> str:
    """The text without the braces that have a partner."""
    opened: list[int] = []
    paired: set[int] = set()
    for match in re.finditer(r"[{}]", source):
        if match[0] == "{":
            opened.append(match.start())
        elif opened:
            paired |= {opened.pop(), match.start()}
    if not paired:
        return source
    return "".join(character for at, character in enumerate(source) if at not in paired)


_ESCAPED = {"{": _OPEN, "}": _CLOSE}


def _plain(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "escaped":
        return _ESCAPED.get(match[0][1], match[0][1])
    if kind == "space":
        return " "
    if kind in ("accent", "macro"):
        return _symbol(match[0])
    if kind == "address":
        return match["url"].replace("\\", "")
    if kind == "link":
        return f"{match['label']} ({match['target']})".replace("\\", "")
    if kind == "cite":
        return f"[{match['keys']}]"
    if kind == "footnote":
        return f" ({_prose(match['note'])})"
    return ""


@lru_cache(maxsize=4096)
def _symbol(written: str) -> str:
    """The character of a macro or an accented letter; as written where there is none."""
    if written.startswith(("\\input", "\\include")):
        # The only macros that would lead pylatexenc to another file, or to complain that it may not.
        return written
    try:
        found = str(_SYMBOLS.latex_to_text(written))
    except Exception:  # noqa: BLE001  # pylatexenc fails in many ways on what is no LaTeX: there is no character
        return written
    # "%s" is where an argument would stand that the macro hasn't got.
    usable = found.strip() and len(found) <= 12 and "\\" not in found and "%" not in found
    return found if usable else written
