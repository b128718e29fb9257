"""A paper's text as LaTeX that any document can hold, for BibTeX, and its title without LaTeX, for everything else.

BibTeX counts every brace, escaped or not, and pdfLaTeX knows few characters by itself: braces are written by name,
letters and signs as macros. A formula that would do more than typeset becomes text.
"""

import re
import unicodedata
from functools import lru_cache

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexencode import UnicodeToLatexEncoder

from app.normalization import compose
from app.papers.plain_text import resolved_parts

_ENCODER = UnicodeToLatexEncoder(unknown_char_policy="keep", unknown_char_warning=False)
_PLAIN = LatexNodes2Text(math_mode="text", keep_comments=True)
_MORE_THAN_TYPESETS = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|special|csname|catcode|def|edef|gdef|xdef|let|newcommand"
    r"|renewcommand|usepackage|directlua|end|endinput|loop|verbatiminput|lstinputlisting|href|url)(?![A-Za-z])"
)
_LONGEST_FORMULA = 2000
# Commands that pylatexenc drops, each with what says the same.
_MOD = r"\ \text{mod}\ "
_LIKE = {"mbox": r"\text", "mod": _MOD, "bmod": _MOD, "pmod": _MOD, "tfrac": r"\frac", "dfrac": r"\frac"}
_DROPPED = re.compile(rf"\\({'|'.join(_LIKE)})(?![A-Za-z])")
_FUNCTION = re.compile(r"(?<=[\w)])(?=\\(?:log|ln|exp|sin|cos|tan|max|min|sup|inf)(?![A-Za-z]))")
_BRACES = {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
# What pylatexenc has no macro for, or one that pdfLaTeX lacks without further packages.
_SIGNS = {
    "\u2009": r"\,",
    "\u00a0": "~",
    "\u200b": "",
    "\ufeff": "",
    "−": r"\ensuremath{-}",
    "…": r"\ldots{}",
    **{"“": "``", "”": "''", "‘": "`", "’": "'", "–": "--", "—": "---"},
}


def tex(source: str) -> str:
    r"""Text that BibTeX and LaTeX read safely, in one line: accents as macros, signs escaped, formulas kept.

    >>> tex('50% of {\\it "R&D"} for $5, at $\\{x\\}$')
    "50\\% of ``R\\&D'' for \\$5, at $\\lbrace x\\rbrace $"
    """
    parts = [
        _formula(part) if formula and _is_harmless(part) else _prose(part)
        for formula, part in resolved_parts(source)
    ]
    return " ".join("".join(parts).split())


def title_text(source: str) -> str:
    r"""A title as other programs show it, in one line: formulas as Unicode, without commands.

    >>> title_text(r"On $\mathbb{R}^{n}$ and \emph{more}")
    'On ℝ^n and more'
    """
    parts = [_unicode(part) if formula else part for formula, part in resolved_parts(source)]
    return " ".join("".join(parts).replace("\\", "").split())


@lru_cache(maxsize=4096)
def _unicode(formula: str) -> str:
    if len(formula) > _LONGEST_FORMULA:
        return formula
    known = _DROPPED.sub(lambda match: _LIKE[match[1]], _FUNCTION.sub(" ", formula))
    try:
        text = str(_PLAIN.latex_to_text(known))
    except Exception:  # noqa: BLE001  # pylatexenc fails in many ways on what is not LaTeX: the source stays
        return formula
    return text if text.strip() else formula.strip("$")


def _formula(source: str) -> str:
    source = re.sub(r"\\([{}])", lambda match: r"\lbrace " if match[1] == "{" else r"\rbrace ", source)
    return source if source.isascii() else re.sub(r"[^\x00-\x7f]", _in_formula, source)


def _in_formula(match: re.Match[str]) -> str:
    written = _encoded(match[0])
    macro = re.fullmatch(r"\\ensuremath\{(.*)\}", written)
    if macro:
        return f"{macro[1]} "
    return written if written == match[0] or not written.startswith("\\") else rf"\mbox{{{written}}}"


def _prose(text: str) -> str:
    # Straight quotes open where a word begins, and close elsewhere.
    text = re.sub(r'"(?=\w)(?<!\w")', "“", text).replace('"', "”") if '"' in text else text
    return "".join([_encoded(character) for character in compose(text)])


@lru_cache(maxsize=4096)
def _encoded(character: str) -> str:
    if character in _BRACES:
        return _BRACES[character]
    if unicodedata.combining(character):
        return ""  # an accent that no letter takes, which pdfLaTeX stops at
    return _SIGNS.get(character) or ("" if character in _SIGNS else str(_ENCODER.unicode_to_latex(character)))


def _is_harmless(formula: str) -> bool:
    bare = re.sub(r"\\[{}]", "", formula)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0 and not re.search(r"\\(?![A-Za-z])\Z", bare) and not _MORE_THAN_TYPESETS.search(bare)
