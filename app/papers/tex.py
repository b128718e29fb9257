"""A paper's text as LaTeX that any document can hold, for BibTeX, and its title without LaTeX, for everything else.

BibTeX counts every brace, escaped or not, and pdfLaTeX knows few characters by itself: braces are written by name,
letters and signs as macros, in the forms that Zotero's BibTeX importer reads back. Scripts that no macro of T1 has
(Cyrillic, Chinese) stay letters. A formula that would do more than typeset becomes text.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexencode import UnicodeToLatexEncoder

from app.normalization import compose
from app.papers.plain_text import resolved_parts

_ENCODER = UnicodeToLatexEncoder(unknown_char_policy="keep", unknown_char_warning=False)
_MORE_THAN_TYPESETS = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|special|csname|catcode|def|edef|gdef|xdef|let|newcommand"
    r"|renewcommand|usepackage|directlua|end|endinput|loop|verbatiminput|lstinputlisting|href|url)(?![A-Za-z])"
)
_LONGEST_FORMULA = 2000
# Signs that pylatexenc does not know, and commands that only lay out.
_FORMULA_SIGNS = {
    "coloneqq": ":=", "iff": "⟺", "implies": "⟹", "impliedby": "⟸", "triangle": "△", "Box": "□", "Diamond": "◇",
    "Re": "Re", "Im": "Im", "degree": "°", "slash": "/", "backslash": "\u2216", "ne": "≠", "nsim": "≁", "bot": "⊥",
    "models": "⊨", "imath": "ı", "jmath": "ȷ", "colon": ": ", "lt": "<", "gt": ">", "|": "‖", "lVert": "‖",
    "rVert": "‖", "lvert": "|", "rvert": "|", "xrightarrow": "→", "xleftarrow": "←",
}  # fmt: skip
_LAYOUT = re.compile(
    r"(?:no)?limits|(?:display|text|script|scriptscript)style|left|right|middle|[bB]igg?[lrm]?|rm|it|bf|sf|tt|cal|mit|em|sl"
    r"|sc|normalfont|(?:un)?boldmath|nonumber|notag|[hv]space|[hv]skip|kern|mkern|mskip|[hv]?phantom|(?:math)?strut|label"
    r"|protect|relax|q?quad|thinspace|math(?:op|rel|bin|ord|open|close|clap)|smash|[rl]lap|ensuremath|xspace|noindent|par"
)
# Commands that pylatexenc drops with their arguments, each with what says the same.
_MOD = r"\ \text{mod}\ "
_LIKE = {
    "mbox": r"\text", "texttt": r"\text", "mod": _MOD, "bmod": _MOD, "pmod": _MOD, "tfrac": r"\frac", "dfrac": r"\frac",
}  # fmt: skip
_DROPPED = re.compile(rf"\\({'|'.join(_LIKE)})(?![A-Za-z])")
_FUNCTION = re.compile(r"(?<=[\w)])(?=\\(?:log|ln|exp|sin|cos|tan|max|min|sup|inf)(?![A-Za-z]))")
_BRACES = {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
# What pylatexenc has no macro for, or one that pdfLaTeX lacks without further packages.
_SIGNS = {
    "\u2009": r"\,", "\u00a0": "~", "\u200b": "", "\ufeff": "", "−": "$-$", "…": r"{\textellipsis}", "~": r"\~{}",
    "“": "``", "”": "''", "‘": "`", "’": "'", "–": "--", "—": "---",
    "Đ": "Đ", "đ": "đ",  # T1 has both; with the macro for them Zotero's importer shows the macro
}  # fmt: skip
# The accents of T1 by their marks; Vietnamese letters take two.
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0328": "k",
    "\u0331": "b",
}  # fmt: skip
_ACCENTED = re.compile(r"""\{?\\(?:([A-Za-z])\{(\\?[A-Za-z]+)\}|([`'^"~=.])\{?(\\?[A-Za-z]+)\}?)\}?""")
_MATHEMATICS = r"\ensuremath{"
_CYRILLIC = re.compile(r"[\u0400-\u052f]")


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


def _unknown(node: Any, l2tobj: Any) -> str:
    """What stands for a command that pylatexenc does not know: its arguments, or its name where it has none."""
    name = str(node.macroname)
    if name in _FORMULA_SIGNS:
        return _FORMULA_SIGNS[name]
    arguments = [one for one in getattr(node.nodeargd, "argnlist", None) or () if one is not None]
    if _LAYOUT.fullmatch(name):
        return ""
    if arguments:
        return str(l2tobj.nodelist_to_text(arguments))
    following = node.parsing_state.s[node.pos + node.len :].lstrip()
    if following.startswith("{") or not name.isalpha():
        return ""
    return f" {name} " if following[:1].isalnum() else f" {name}"


_CONTEXT = get_default_latex_context_db()
_CONTEXT.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_unknown))
_PLAIN = LatexNodes2Text(math_mode="text", keep_comments=True, latex_context=_CONTEXT)


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
    if written == match[0]:
        return written
    if not written.startswith("$"):
        return rf"\mbox{{{written}}}"
    macro = written[1:-1]
    following = match.string[match.end() : match.end() + 1]
    return f"{macro} " if macro[-1].isalpha() and following.isalpha() else macro


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
    if character in _SIGNS:
        return _SIGNS[character]
    if _CYRILLIC.match(character):
        return character  # its macros are undefined without the encoding T2A, with which the letters work as well
    written = str(_ENCODER.unicode_to_latex(character))
    if written == character and not character.isascii():
        return _twice_accented(character)
    if written.startswith(_MATHEMATICS):
        return f"${written.removeprefix(_MATHEMATICS)[:-1]}$"
    accented = _ACCENTED.fullmatch(written)
    if accented:
        # What BibTeX takes for one letter where it shortens or sorts names.
        return rf"{{\{accented[1]} {accented[2]}}}" if accented[1] else rf"{{\{accented[3]}{accented[4]}}}"
    return written


def _twice_accented(character: str) -> str:
    decomposed = unicodedata.normalize("NFD", character)
    letter, marks = decomposed[0], decomposed[1:]
    if not letter.isascii() or not all(mark in _ACCENTS for mark in marks):
        alike = unicodedata.normalize("NFKC", character)
        return alike if alike.isascii() and alike.isalnum() else character
    for mark in marks:
        letter = rf"\{_ACCENTS[mark]}{{{letter}}}"
    return f"{{{letter}}}" if marks else character


def _is_harmless(formula: str) -> bool:
    bare = re.sub(r"\\[{}]", "", formula)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0 and not re.search(r"\\(?![A-Za-z])\Z", bare) and not _MORE_THAN_TYPESETS.search(bare)
