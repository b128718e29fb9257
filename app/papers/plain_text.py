"""LaTeX text mode as Unicode plain text, for search, feeds, citations and page titles.

Accents, quotes, dashes and styles are resolved by the rules and tables of the page, `static/math-text/tex-prose.js`;
a test compares the two. Mathematics keeps its source, delimiters and all, since no plain form of a fraction or a
matrix says the same. It is not TeX: what it does not know stays as it was written.
"""

import re
from dataclasses import dataclass, field

from app.papers.definitions import end_of_definition
from app.papers.formulas import find_formulas
from app.papers.text_mode import LETTERS, SIGNS, STYLES, SWITCHES, SYMBOLS, accented, dingbat

# Longer texts are neither titles nor abstracts, and are left as they are.
_LONGEST = 100_000
# Deeper groups are left as braces.
_DEPTH = 40
# Stands for a formula while prose is read; no source holds it.
_FORMULA = "\ufdd2"

_MARKUP = re.compile(r"[\\{}`~]|''|--")
_PLAIN = re.compile(r"(?:[^\\{}`'~\-h]+|h(?!ttp)|-(?!-)){1,1000}")
_WORD = re.compile(r"\\([A-Za-z]+)\*?")
_ACCENT = re.compile(
    r"\\(['\"`^~=.]|[uvHcdbkrt](?![A-Za-z]))[ \t]*(?:\{(\\?[A-Za-z]*)\}|(\\[ij](?![A-Za-z])|[^\W\d_]))"
)
_ADDRESS = re.compile(r"https?://(?=[A-Za-z0-9])(?:[A-Za-z0-9!*'(),;:@&=+$/?#\[\].~-]|\\?[_%#&]){1,2000}")
_ARGUMENT = re.compile(r"\s*\{([^{}]*)\}")
_WEB = re.compile(
    r"https?://|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}\.(?:ai|cn|co|com|de|dev|edu|eu|fr|gov|io|jp|me|net|org|uk)(?:/|\Z)",
    re.IGNORECASE,
)
_KEYS = re.compile(r"\s*(?:\[([^\[\]{}]*)\]\s*)?(?:\[([^\[\]{}]*)\]\s*)?\{([^{}\\$]*)\}")
_IGNORED = re.compile(r"\s*\{[^{}\\$]*\}\s*")
_ENVIRONMENT = re.compile(
    r"\\(?:begin|end)\{(?:itemize|enumerate|description|quote|center|abstract|document)\}\s*"
)
_SINGLE_QUOTED = re.compile(
    r"`(?=[^\s`'\ufdd2])[^`\ufdd2\n]{0,200}?(?:\n[^`\ufdd2\n]{1,200}?)?'(?![A-Za-z'])"
)
_DINGBAT = re.compile(r"\\ding\{([0-9]{2,3})\}")
_FOOTNOTE_MARK = re.compile(r"\[([0-9]+)\]")
_STYLE_OPENS = re.compile(r"\s*(?:\[[0-9]*\])?\{")
_OPENS = re.compile(r"\s*\{")
_SPACE = re.compile(r"\s*")
_DASHES = {"--": "–", "---": "—"}


def plain_text(source: str) -> str:
    """The text of a title, an abstract, a name or a comment, in one line; never raises.

    >>> plain_text(r"``Erd\\H{o}s--R\\'enyi'' \\emph{graphs} of $\\mathbb{R}^n$,  50\\% of~them")
    '“Erdős–Rényi” graphs of $\\\\mathbb{R}^n$, 50% of them'
    """
    return " ".join(resolve(source).split())


def resolve(source: str) -> str:
    """The same text with its lines and spaces as they came."""
    if len(source) > _LONGEST or not _MARKUP.search(source):
        return source
    return "".join(part for _, part in resolved_parts(source))


def resolved_parts(source: str) -> list[tuple[bool, str]]:
    """Formulas as they came and the prose between them resolved, in order, each with whether it is a formula.

    >>> resolved_parts(r"{\\it on $x$}")
    [(False, 'on '), (True, '$x$')]
    """
    parts = split_mathematics(source)
    # A group may hold a formula: prose is read as a whole, one character standing for each formula.
    prose = "".join(_FORMULA if formula else part.replace(_FORMULA, "") for formula, part in parts)
    formulas = iter([part for formula, part in parts if formula])
    found: list[tuple[bool, str]] = []
    for index, part in enumerate((_Reader(prose).read() if _MARKUP.search(prose) else prose).split(_FORMULA)):
        if index:
            found.append((True, next(formulas)))
        if part:
            found.append((False, part))
    return found


def split_mathematics(source: str) -> list[tuple[bool, str]]:
    """The parts of a text in order, each with whether it is a formula with its delimiters; joined they are the text.

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


@dataclass(slots=True)
class _Group:
    """A group or an argument that is still open: what opened it, and what it holds so far."""

    style: str
    raw: str
    parts: list[str] = field(default_factory=list)
    code: bool = False
    href: str = ""
    inner: int = 0


class _Reader:
    """Reads prose from left to right; a group that never closes gives back what opened it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._closing_quote = -1
        self._groups = [_Group("root", "")]

    def read(self) -> str:
        while self._at < len(self._source):
            self._step()
        while len(self._groups) > 1:
            group = self._groups.pop()
            self._groups[-1].parts += [group.raw, *group.parts]
        return "".join(self._groups[0].parts)

    def _step(self) -> None:
        character = self._source[self._at]
        if character == "\\":
            self._macro()
        elif character == "{":
            self._open("group", "{")
        elif character == "}":
            self._close()
        elif character == "h" and self._source.startswith("http", self._at):
            self._address()
        elif not self._groups[-1].code and character in "`'-~":
            self._punctuation(character)
        else:
            plain = _PLAIN.match(self._source, self._at)
            self._take(plain[0] if plain else character)

    def _take(self, source: str, text: str | None = None) -> None:
        self._at += len(source)
        self._groups[-1].parts.append(source if text is None else text)

    def _open(self, style: str, raw: str, href: str = "") -> None:
        group = self._groups[-1]
        self._at += len(raw)
        if len(self._groups) > _DEPTH:
            group.inner += 1
            group.parts.append(raw)
            return
        self._groups.append(_Group(style, raw, code=group.code or style == "code", href=href))

    def _close(self) -> None:
        group = self._groups[-1]
        if group.style == "root" or group.inner:
            group.inner = max(0, group.inner - 1)
            self._take("}")
            return
        self._groups.pop()
        self._at += 1
        text = "".join(group.parts)
        if group.style == "footnote":
            text = f" ({text})"
        elif group.style == "link" and _plain_address(text) != group.href:
            text = f"{text} ({group.href})"
        self._groups[-1].parts.append(text)

    def _punctuation(self, character: str) -> None:
        source, at = self._source, self._at
        before = source[at - 1] if at else ""
        if character == "-":
            end = at + 1
            while source.startswith("-", end):
                end += 1
            run = source[at:end]
            arrow = before == "<" or source.startswith(">", end)
            self._take(run, run if arrow else _DASHES.get(run, run))
        elif character == "~":
            self._take("~", "\u00a0" if _is_tie(before, source[at + 1 : at + 2]) else "~")
        elif source.startswith(character * 2, at):
            self._take(character * 2, "“" if character == "`" else "”")
        elif at == self._closing_quote:
            self._take("'", "’")
        else:
            word = before.isalnum() or character == "'"
            quoted = None if word else _SINGLE_QUOTED.match(source, at)
            if quoted:
                self._closing_quote = quoted.end() - 1
            self._take(character, "‘" if quoted else character)

    def _macro(self) -> None:
        source, at = self._source, self._at
        accent = _ACCENT.match(source, at)
        letter = accented(accent[1], accent[3] if accent[2] is None else accent[2]) if accent else None
        if accent and letter is not None:
            self._take(accent[0], letter)
        elif (end := self._end_of_definition()) >= 0:
            self._at = end
        elif word := _WORD.match(source, at):
            self._word(word[1], word[0])
        else:
            pair = source[at : at + 2]
            self._take(pair, "\n" if pair == "\\\\" else SYMBOLS.get(pair[1:], pair))

    def _end_of_definition(self) -> int:
        formula = self._source.find(_FORMULA, self._at)
        return end_of_definition(self._source, self._at, formula if formula >= 0 else len(self._source))

    def _word(self, name: str, raw: str) -> None:
        if (
            self._environment(name)
            or self._link(name, raw)
            or self._keys(name, raw)
            or self._color(name, raw)
        ):
            return
        sign = _DINGBAT.match(self._source, self._at) if name == "ding" else None
        if sign and (text := dingbat(int(sign[1]))):
            self._take(sign[0], text)
            return
        style = None if raw.endswith("*") else STYLES.get(name) or SWITCHES.get(name)
        opening = (_STYLE_OPENS if name in STYLES else _OPENS).match(self._source, self._at + len(raw))
        if style and opening and len(self._groups) <= _DEPTH and (name in STYLES or opening[0] == "{"):
            self._open(style, raw + opening[0])
            return
        switched = SWITCHES.get(name)
        group = self._groups[-1]
        begins = group.style == "group" and not group.parts
        if switched and (begins or switched == "plain"):
            whole = raw + self._space(self._at + len(raw))
            if begins:
                group.code = group.code or switched == "code"
                group.raw += whole
            self._take(whole, "")
            return
        self._sign(name, raw)

    def _sign(self, name: str, raw: str) -> None:
        text = LETTERS.get(name, SIGNS.get(name))
        if text is None or raw.endswith("*"):
            self._take(raw)
            return
        self._take(raw, text)
        if self._source.startswith("{}", self._at):
            self._at += 2
        elif name in LETTERS:
            while self._source.startswith((" ", "\t"), self._at):
                self._at += 1

    def _space(self, at: int) -> str:
        match = _SPACE.match(self._source, at)
        return match[0] if match else ""

    def _environment(self, name: str) -> bool:
        """Lists are broken into lines."""
        match = _ENVIRONMENT.match(self._source, self._at) if name in ("begin", "end") else None
        if match:
            self._take(match[0], "\n")
        elif name in ("item", "par", "newline"):
            raw = f"\\{name}"
            self._take(raw + self._space(self._at + len(raw)), "\n• " if name == "item" else "\n")
        else:
            return False
        return True

    def _link(self, name: str, raw: str) -> bool:
        if name not in ("url", "nolinkurl", "href", "hyperlink"):
            return False
        argument = _ARGUMENT.match(self._source, self._at + len(raw))
        href = _plain_address(argument[1]) if argument else ""
        if not argument or not _WEB.match(href):
            return False
        opening = None if name.endswith("url") else _OPENS.match(self._source, argument.end())
        if not opening:
            self._take(raw + argument[0], href)
            return True
        if len(self._groups) > _DEPTH or not href.lower().startswith("http"):
            return False
        self._open("link", raw + argument[0] + opening[0], href)
        return True

    def _keys(self, name: str, raw: str) -> bool:
        if name == "footnotemark":
            mark = _FOOTNOTE_MARK.match(self._source, self._at + len(raw))
            if mark:
                self._take(raw + mark[0], mark[1])
            return mark is not None
        keys = _KEYS.match(self._source, self._at + len(raw)) if name.startswith(("cite", "Cite")) else None
        if not keys:
            return False
        before, after = (keys[1], keys[2]) if keys[2] is not None else ("", keys[1])
        text = f"{before + ' ' if before else ''}{keys[3].strip()}{', ' + after if after else ''}"
        self._take(raw + keys[0], f"[{text}]")
        return True

    def _color(self, name: str, raw: str) -> bool:
        """Colours are left out."""
        argument = (
            _IGNORED.match(self._source, self._at + len(raw)) if name in ("color", "textcolor") else None
        )
        if not argument:
            return False
        following = self._source[argument.end() : argument.end() + 1]
        if name == "color" or following.isalnum():
            self._take(raw + argument[0], "")
        elif following == "{" and len(self._groups) <= _DEPTH:
            self._open("plain", raw + argument[0] + "{")
        else:
            return False
        return True

    def _address(self) -> None:
        at = self._at
        whole = None if self._source[at - 1 : at].isalnum() else _ADDRESS.match(self._source, at)
        if not whole:
            self._take("h")
            return
        raw = whole[0].rstrip(".,;:!?'*\\")
        if "(" not in raw:
            raw = raw.rstrip(")")
        self._take(raw, _plain_address(raw))


def _is_tie(before: str, after: str) -> bool:
    """A tie follows what it ties; ` ~5` means about five, and `6~7` a range."""
    if before.isdigit() and after.isdigit():
        return False
    return before != "" and (before.isalnum() or before in ".,)}$]" + _FORMULA)


def _plain_address(address: str) -> str:
    return re.sub(r"\\([_%#&~])", r"\1", address.strip())
