r"""The blocks of a paper's TeX source, with anchors as LaTeXML would name them; it is read, and never run.

Packages and macros with arguments are left as they stand; a definition without arguments is put in the place of its
name. One walk from left to right over what gives a text its structure: headings, displays, floats, notes, references.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import Sentence, SourceError
from app.papers.fulltext.blocks import Block, Kind, PaperText, Part
from app.papers.plain_text import resolved_parts

_MOST_CHARACTERS = 4_000_000
_MOST_INSERTS = 400
_MOST_MACROS = 300
_LONGEST_MACRO = 200
_LONGEST_PARAGRAPH = 50_000

_COMMENT = re.compile(r"(?<!\\)%[^\n]*(?:\n[ \t]*(?=[^\s]))?")
_INSERT = re.compile(r"\\(?:input|include|subfile)[ \t]*(?:\{([^{}\n]{1,200})\}|([\w./-]{1,200}))")
_BIBLIOGRAPHY = re.compile(r"\\bibliography[ \t]*\{[^{}\n]{0,400}\}|\\printbibliography(?![A-Za-z])")
_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator)\*?[ \t]*\{?(\\[A-Za-z]{1,40})\}?[ \t]*(?=\{)"
    r"|\\def[ \t]*(\\[A-Za-z]{1,40})(?=\{)"
)
_HEADS = {
    "part": 1, "chapter": 1, "section": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4, "subparagraph": 5,
}  # fmt: skip
_STEP = re.compile(
    r"\\(?P<head>part|chapter|section|subsection|subsubsection|paragraph|subparagraph)\*?[ \t]*(?=[\[{])"
    r"|\\begin[ \t]*\{(?P<begin>[A-Za-z]{1,40}\*?)\}"
    r"|\\end[ \t]*\{(?P<end>[A-Za-z]{1,40}\*?)\}"
    r"|\\(?P<word>appendix|footnote|caption|item|bibitem|abstract|title|par)(?![A-Za-z])"
    r"|(?P<display>\$\$|(?<!\\)\\\[)"
    r"|(?P<blank>\n\n)"
)
_DISPLAYS = frozenset(
    f"{name}{star}"
    for name in (
        *(
            "equation",
            "align",
            "gather",
            "multline",
            "eqnarray",
            "displaymath",
            "flalign",
            "alignat",
            "dmath",
        ),
        *("math", "IEEEeqnarray", "subequations"),
    )
    for star in ("", "*")
)
_BY_ROWS = ("align", "gather", "eqnarray", "flalign", "alignat", "IEEEeqnarray")
_TABLES = frozenset({"tabular", "tabular*", "tabularx", "longtable", "supertabular", "tabulary"})
_VERBATIM = frozenset({"verbatim", "lstlisting", "minted", "Verbatim"})
_LEFT_OUT = frozenset(
    {"comment", "tikzpicture", "picture", "CCSXML", "filecontents", "filecontents*", "pgfpicture"}
)
_FLOATS = {
    "table": "T",
    "wraptable": "T",
    "figure": "F",
    "wrapfigure": "F",
    "algorithm": "F",
    "sidewaystable": "T",
}
_ARGUMENT = re.compile(r"[ \t\n]{0,99}\[([^\[\]]{0,400})\]")
_LABEL = re.compile(r"\\(?:label|nonumber|notag|tag)(?![A-Za-z])\*?[ \t]*(?:\{[^{}]{0,200}\})?")
_REFERENCE = re.compile(r"\\(?:[cC]|eq|auto|page|name|v)?ref\*?[ \t]*\{([^{}]{0,200})\}")
_SILENT = re.compile(
    r"\\(?:label|index|vspace|hspace|includegraphics|bibliographystyle|thanks|setlength|setcounter|usepackage|pagestyle"
    r"|thispagestyle|addcontentsline|vskip|input|include)(?![A-Za-z])\*?[ \t]*(?:\[[^\[\]]{0,400}\])?"
    r"(?:[ \t]*\{[^{}]{0,400}\}){0,3}"
    r"|\\(?:maketitle|centering|noindent|newpage|clearpage|tableofcontents|bigskip|medskip|smallskip|hline|toprule"
    r"|midrule|bottomrule|qed|raggedright|small|footnotesize|normalsize|large|Large|newblock|par)(?![A-Za-z])"
)
_THANKS = re.compile(r"acknowledge?ments?|thanks|funding", re.IGNORECASE)
_REFERENCES = re.compile(r"references|bibliography", re.IGNORECASE)


def read_tex(files: Mapping[str, str]) -> PaperText:
    """The text of a source: TeX by the names of its files. Raises SourceError where none of them is a paper."""
    main = _main(files)
    if main is None:
        raise SourceError(
            Sentence("the source has no file with \\documentclass, \\begin{{document}} or a section")
        )
    source = _inserted(files, main)
    preamble, begun, body = source.partition("\\begin{document}")
    body = (body if begun else source).partition("\\end{document}")[0]
    macros = _macros(preamble if begun else "")
    walk = _Walk(_expanded(body, macros))
    if begun and (title := _after(preamble, "\\title")):
        walk.add(Block("title", "heading", walk.plain(_expanded(title, macros))))
    walk.run()
    if sum(len(block.text) for block in walk.blocks) < 100:
        raise SourceError(Sentence("the source holds no text of a paper"))
    return PaperText("tex", None, tuple(walk.blocks))


def is_tex(text: str) -> bool:
    """Whether a text looks like TeX that a paper is made of."""
    return any(
        mark in text for mark in ("\\documentclass", "\\documentstyle", "\\begin{document}", "\\section")
    )


def _main(files: Mapping[str, str]) -> str | None:
    """The file that the others are inserted into."""

    def rank(name: str) -> tuple[bool, bool, bool, int]:
        text = files[name]
        stem = posixpath.basename(name).lower()
        return (
            "\\begin{document}" in text,
            "\\documentclass" in text or "\\documentstyle" in text,
            stem in ("main.tex", "ms.tex", "paper.tex", "article.tex"),
            len(text),
        )

    names = [
        name for name, text in files.items() if is_tex(text) and not name.endswith((".sty", ".cls", ".bbl"))
    ]
    return max(names, key=rank, default=None)


def _inserted(files: Mapping[str, str], main: str) -> str:
    """The main file with what it inserts in its place, from the source's own files alone, and without comments."""
    inserts = inserted = 0
    folder = posixpath.dirname(main)

    def read(name: str, seen: tuple[str, ...]) -> str:
        def insert(match: re.Match[str]) -> str:
            nonlocal inserts, inserted
            wanted = posixpath.normpath(posixpath.join(folder, (match[1] or match[2]).strip()))
            found = next((one for one in (wanted, f"{wanted}.tex") if one in files and one not in seen), None)
            inserts += 1
            if not found or inserts > _MOST_INSERTS or inserted > _MOST_CHARACTERS or len(seen) >= 10:
                return ""
            inserted += len(files[found])
            return read(found, (*seen, found))

        whole = _COMMENT.sub("", files[name].replace("\r\n", "\n").replace("\r", "\n"))
        return _INSERT.sub(insert, whole)[:_MOST_CHARACTERS]

    source = read(main, (main,))
    compiled = next((files[name] for name in (main.removesuffix(".tex") + ".bbl", *files) if name in files
                     and name.endswith(".bbl")), None)  # fmt: skip
    if compiled is not None and "\\begin{thebibliography}" not in source:
        references = _COMMENT.sub("", compiled.replace("\r\n", "\n"))
        source = _BIBLIOGRAPHY.sub(lambda _: references, source, count=1)
    lines = (line.rstrip() for line in source[:_MOST_CHARACTERS].split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _macros(preamble: str) -> dict[str, str]:
    """What stands for a name without arguments, by that name."""
    closing = _partners(preamble)
    found: dict[str, str] = {}
    for match in _DEFINITION.finditer(preamble):
        end = closing.get(match.end())
        if end is None or len(found) >= _MOST_MACROS:
            continue
        meaning = preamble[match.end() + 1 : end]
        if "DeclareMathOperator" in match[0]:
            meaning = f"\\operatorname{{{meaning}}}"
        if len(meaning) <= _LONGEST_MACRO and "#" not in meaning:
            found[match[1] or match[2]] = meaning
    return found


def _expanded(text: str, macros: Mapping[str, str]) -> str:
    """The text with the meanings of names in their places; twice, since one is often made of another."""
    if not macros:
        return text
    names = "|".join(sorted((re.escape(name) for name in macros), key=len, reverse=True))
    pattern = re.compile(rf"({names})(?![A-Za-z])")
    for _ in range(2):
        text = _replaced(text, pattern, macros)
    return text


def _replaced(text: str, pattern: re.Pattern[str], macros: Mapping[str, str]) -> str:
    """The text once expanded, as far as it is read; no more of it is written."""
    parts: list[str] = []
    at = size = 0
    for match in pattern.finditer(text):
        parts += (text[at : match.start()], macros[match[1]])
        size += len(parts[-2]) + len(parts[-1])
        at = match.end()
        if size > _MOST_CHARACTERS:
            break
    return "".join((*parts, text[at:]))[:_MOST_CHARACTERS]


def _partners(text: str) -> dict[int, int]:
    """The place of the brace that closes each one that opens."""
    open_braces: list[int] = []
    found: dict[int, int] = {}
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match[0] == "{":
            open_braces.append(match.start())
        elif match[0] == "}" and open_braces:
            found[open_braces.pop()] = match.start()
    return found


def _after(text: str, command: str) -> str:
    """The argument of the first use of a command."""
    start = text.find(command)
    brace = text.find("{", start) if start >= 0 else -1
    return text[brace + 1 : _partners(text).get(brace, brace + 1)] if brace >= 0 else ""


@dataclass(slots=True)
class _Walk:
    """Reads a body from left to right; `_words` are what the paragraph that goes on has so far."""

    source: str
    blocks: list[Block] = field(default_factory=list)
    _at: int = 0
    _closing: dict[int, int] = field(default_factory=dict)
    _words: list[str] = field(default_factory=list)
    _notes: list[Block] = field(default_factory=list)
    _section: str = "S0"
    _part: Part = "body"
    _counts: Counter[str] = field(default_factory=Counter)
    _floats: list[tuple[str, str]] = field(default_factory=list)
    _unclosed: set[str] = field(default_factory=set)
    _anchor: str = ""
    _kind: Kind = "paragraph"
    _is_appendix: bool = False

    def run(self) -> None:
        """Reads all."""
        self._closing = _partners(self.source)
        while step := _STEP.search(self.source, self._at):
            self._words.append(self.source[self._at : step.start()])
            self._at = step.end()
            if step["head"]:
                self._heading(step["head"])
            elif step["begin"]:
                self._begin(step["begin"])
            elif step["end"]:
                self._end(step["end"])
            elif step["display"]:
                self._display("displaymath", "$$" if step["display"] == "$$" else "\\]")
            elif step["blank"]:
                self._paragraph()
            else:
                self._word(step["word"])
        self._words.append(self.source[self._at :])
        self._paragraph()

    def add(self, block: Block) -> None:
        """Adds a block that is not empty."""
        if block.text:
            self.blocks.append(block)

    def plain(self, text: str) -> str:
        """A paragraph without commands that say nothing, its formulas as they stand."""
        text = _SILENT.sub(" ", _REFERENCE.sub(lambda match: match[1], text))
        parts = []
        for start in range(0, len(text), _LONGEST_PARAGRAPH):
            parts += [part for _, part in resolved_parts(text[start : start + _LONGEST_PARAGRAPH])]
        return " ".join("".join(parts).split())

    def _heading(self, name: str) -> None:
        self._paragraph()
        self._option()
        title, level = self.plain(self._group()), _HEADS[name]
        if name in ("part", "chapter"):
            self._part = "body"
        if level == 1:
            self._counts["S"] += 1
            self._section = f"{'A' if self._is_appendix else 'S'}{self._counts['S']}"
            self._part = (
                "acknowledgements" if _THANKS.fullmatch(title)
                else "references" if _REFERENCES.fullmatch(title)
                else "appendix" if self._is_appendix else "body"
            )  # fmt: skip
        else:
            mark = ("SS", "SSS", "Px", "SPx")[level - 2]
            outer = self._section.split(f".{mark}")[0]
            if level == 2:
                outer = outer.split(".")[0]
            self._counts[f"{outer}.{mark}"] += 1
            self._section = f"{outer}.{mark}{self._counts[f'{outer}.{mark}']}"
        self._counts["p"] = 0
        self.add(Block(self._section, "heading", title, self._part, level))

    def _begin(self, name: str) -> None:
        if name in _DISPLAYS:
            if name.rstrip("*") != "subequations":
                self._display(name, f"\\end{{{name}}}")
        elif name in _TABLES:
            self._table(name)
        elif name in _VERBATIM | _LEFT_OUT:
            text = self._until(f"\\end{{{name}}}")
            if name in _VERBATIM:
                self._flush()
                self.add(Block(self._place(), "paragraph", text.strip(), self._part))
        elif name == "abstract":
            self._paragraph()
            self._anchor = "abstract"
        elif name == "thebibliography":
            self._paragraph()
            self._group()
            self._part, self._section = "references", "bib"
            self.add(Block("bib", "heading", "References", "references", 1))
        elif name.rstrip("*") in _FLOATS:
            self._flush()
            self._option()
            letter = _FLOATS[name.rstrip("*")]
            self._counts[letter] += 1
            self._floats.append((name, f"{self._section.split('.')[0]}.{letter}{self._counts[letter]}"))
        else:
            self._paragraph()
            if title := self._option():
                self._words.append(f"({title}) ")

    def _end(self, name: str) -> None:
        if self._floats and self._floats[-1][0] == name:
            self._flush()
            self._floats.pop()
        elif name == "abstract":
            self._paragraph()
            self._anchor = ""
        else:
            self._paragraph()

    def _word(self, word: str) -> None:
        if word == "footnote":
            self._option()
            self._counts["footnote"] += 1
            text = self.plain(self._group())
            if text:
                self._notes.append(Block(f"footnote{self._counts['footnote']}", "footnote", text, self._part))
        elif word == "caption":
            self._option()
            self._flush()
            self.add(Block(self._place(), "caption", self.plain(self._group()), self._part))
        elif word == "title":
            self._option()
            self.add(Block("title", "heading", self.plain(self._group())))
        elif word == "bibitem":
            self._paragraph()
            self._option()
            self._group()
            self._counts["bib"] += 1
            self._anchor, self._kind = f"bib.bib{self._counts['bib']}", "reference"
        elif word == "appendix":
            self._paragraph()
            self._is_appendix, self._part = True, "appendix"
            self._counts["S"] = 0
        elif word == "abstract":
            self._paragraph()
            self.add(Block("abstract", "paragraph", self.plain(self._group())))
        else:
            self._paragraph()
            if word == "item" and (label := self._option()):
                self._words.append(f"{label} ")

    def _display(self, name: str, closing: str) -> None:
        tex = self._until(closing)
        if not tex:
            return
        self._flush()
        numbered = not name.endswith("*") and name not in ("displaymath", "math")
        rows = tex.split("\\\\") if name.rstrip("*") in _BY_ROWS and "\\begin" not in tex else [tex]
        for row in rows:
            counts = numbered and "\\nonumber" not in row and "\\notag" not in row
            formula = " ".join(_LABEL.sub(" ", row).replace("&", " ").split() if len(rows) > 1 else
                               _LABEL.sub(" ", row).split())  # fmt: skip
            if formula:
                letter = "E" if counts else "Ex"
                self._counts[letter] += 1
                anchor = f"{self._section.split('.')[0]}.{letter}{self._counts[letter]}"
                self.add(Block(anchor, "display", formula, self._part))

    def _table(self, name: str) -> None:
        text = self._until(f"\\end{{{name}}}")
        self._flush()
        start = _ARGUMENT.match(text)
        text = text[start.end() :] if start else text
        closing = _partners(text)
        for _ in range(2 if name in ("tabular*", "tabularx", "tabulary") else 1):
            bare = len(text) - len(text.lstrip())
            if bare in closing:
                text = text[closing[bare] + 1 :]
                closing = _partners(text)
        rows = (
            " | ".join(self.plain(cell) for cell in re.split(r"(?<!\\)&", row)) for row in text.split("\\\\")
        )
        self.add(Block(self._place(), "table", "\n".join(row for row in rows if row.strip(" |")), self._part))

    def _place(self) -> str:
        """The anchor of what stands here by itself."""
        return (
            self._floats[-1][1]
            if self._floats
            else self._anchor or f"{self._section}.p{self._counts['p'] + 1}"
        )

    def _flush(self) -> None:
        """Ends a block, while the paragraph that it stands in goes on."""
        text = self.plain("".join(self._words))
        self._words = []
        if text:
            kind: Kind = self._kind if self._anchor else "paragraph"
            self.add(Block(self._place(), kind, text, self._part))
        notes, self._notes = self._notes, []
        self.blocks += notes

    def _paragraph(self) -> None:
        before = len(self.blocks)
        self._flush()
        if len(self.blocks) > before and not self._anchor and not self._floats:
            self._counts["p"] += 1
        if self._kind == "reference":
            self._anchor, self._kind = "", "paragraph"

    def _group(self) -> str:
        """The argument in braces that follows; empty where there is none."""
        start = self._at
        while self.source[start : start + 1].isspace():
            start += 1
        end = self._closing.get(start)
        if end is None:
            return ""
        self._at = end + 1
        return self.source[start + 1 : end]

    def _option(self) -> str:
        """The argument in brackets that follows, where there is one."""
        match = _ARGUMENT.match(self.source, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[1]

    def _until(self, closing: str) -> str:
        """What stands before the next `closing`; nothing where it never comes."""
        end = -1 if closing in self._unclosed else self.source.find(closing, self._at)
        if end < 0:
            self._unclosed.add(closing)
            return ""
        text = self.source[self._at : end]
        self._at = end + len(closing)
        return text
