"""Fifty papers of all kinds, written for these tests, and what LaTeXML makes of them.

Each formula holds a number of its own as a subscript, so that a test can count how often it arrives. The pages are
kept in pages.jsonl.xz; `python -m tests.papers.fulltext.latexml_pages` rewrites them where `latexml` is installed.
"""

import json
import lzma
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

PAGES = Path(__file__).with_name("pages.jsonl.xz")
COUNT = 50
OPTIONS = ("--format=html5", "--pmml", "--mathtex", "--nodefaultresources")

CLASSES = ("article", "article", "amsart", "report", "book", "revtex4-2", "IEEEtran")
PREAMBLE = r"""
\usepackage{amsmath,amssymb,amsthm,graphicx,booktabs,multirow,longtable,hyperref,xcolor,enumerate,subcaption}
\newtheorem{theorem}{Theorem}\newtheorem{lemma}[theorem]{Lemma}
\theoremstyle{definition}\newtheorem{definition}{Definition}
\newcommand{\norm}[1]{\left\lVert #1\right\rVert}\DeclareMathOperator{\tr}{tr}
"""
PROSE = """
we the model data a of training bound estimate shows that under mild conditions for each sample in this section results
compare with previous work and improve on it by several percent while cost remains linear when tokens are merged before
segmentation which explains why our method does not need any labels nor tuning
"""
WORDS = PROSE.split()

# `@` is a formula's number. Each kind is one thing that papers hold.
KINDS = {
    "inline": r"~ with $x_{@}$, $\frac{a_{@}}{b}$ and $\norm{v_{@}}\le 1$. ~ Let $a_{@}<b$ and $c_{@}>d\,\&\,e$.",
    "parentheses": r"~ where \(p_{@}\) is small. ~ \[ \sum_{i=1}^{n} y_{@} = 0 \] ~",
    "equation": r"~ \begin{equation}\label{e} E_{@}=mc^2 \end{equation} ~ see \eqref{e}.",
    "starred": r"~ \begin{equation*} F_{@}=ma \end{equation*} ~",
    "align": r"~ \begin{align} a_{@}&=b\\ c_{@}&=d\nonumber\\ e_{@}&=f\label{f} \end{align} ~",
    "aligned": r"~ \begin{equation}\begin{aligned} a_{@}&=b\\ &\quad +c \end{aligned}\end{equation} ~",
    "gather": r"~ \begin{gather} g_{@}=1\\ h_{@}=2 \end{gather} ~",
    "multline": r"~ \begin{multline} m_{@}+n\\ +o+p=q \end{multline} ~",
    "eqnarray": r"~ \begin{eqnarray} r_{@}&=&s\\ t_{@}&\le&u \end{eqnarray} ~",
    "split": r"~ \begin{equation}\begin{split} k_{@}&=l\\&=m \end{split}\end{equation} ~",
    "cases": r"~ \[ f_{@}(x)=\begin{cases} 1&\text{if } x>0\\ 0&\text{otherwise}\end{cases} \] ~",
    "matrix": r"~ \[ A_{@}=\begin{pmatrix} 1&0\\ 0&1\end{pmatrix} \] and $\det M_{@}\ne 0$. ~",
    "array": r"~ \[ \begin{array}{c|c} u_{@} & v \\ \hline w & z \end{array} \] ~",
    "tag": r"~ \begin{equation} \tag{$\ast$} w_{@}=0 \end{equation} ~",
    "subequations": r"~ \begin{subequations}\begin{align} a_{@}&=1\\ b_{@}&=2 \end{align}\end{subequations} ~",
    "intertext": r"~ \begin{align*} a_{@}&=1\\ \intertext{and also ~} b_{@}&=2 \end{align*} ~",
    "items": r"\begin{itemize}\item ~ $i_{@}$. \item ~ \[ j_{@}=1 \] ~ \begin{itemize}\item $k_{@}$ ~\end{itemize}"
    r"\end{itemize}",
    "enumeration": r"\begin{enumerate}\item ~ $i_{@}$ \item[(iii)] ~ \begin{equation} j_{@} \end{equation}\item ~"
    r"\end{enumerate}",
    "description": r"\begin{description}\item[First $d_{@}$] ~ \item[Second] ~ $d_{@}$.\end{description}",
    "footnote": r"~ here\footnote{~ with $n_{@}$ and \[ o_{@}=1 \]} and there\footnote{~}. ~",
    "theorem": r"\begin{theorem}[~ $t_{@}$] ~ $u_{@}$ ~ \end{theorem}\begin{proof} ~ \[ v_{@}=1 \] ~ \end{proof}",
    "definition": r"\begin{definition} ~ $q_{@}$. \begin{enumerate}\item $r_{@}$\end{enumerate}\end{definition}",
    "table": r"\begin{table}\centering\caption{~ of $c_{@}$}\begin{tabular}{l|rr} ~ & $1_{@}$ & 3.25\\ \hline b & "
    r"$-2_{@}$ & 4 \end{tabular}\end{table}",
    "booktabs": r"\begin{table}\begin{tabular}{lcc}\toprule Name & \multicolumn{2}{c}{$\alpha_{@}$}\\ \midrule A & "
    r"$0.5_{@}$ & 1\\ \multirow{2}{*}{B} & 2 & $3_{@}$\\ & 4 & 5\\ \bottomrule\end{tabular}\caption{~}\end{table}",
    "formulas in nested tables": r"\begin{tabular}{ll} a & $b_{@}$\\ c & "
    r"\begin{tabular}{l} $d_{@}$\\ e\end{tabular}\end{tabular}",
    "figure": r"\begin{figure}\caption{~ for $f_{@}$. ~}\label{g}\end{figure}",
    "subfigures": r"\begin{figure}\begin{subfigure}{.4\textwidth}\caption{$s_{@}$}\end{subfigure}"
    r"\begin{subfigure}{.4\textwidth}\caption{~ $s_{@}$}\end{subfigure}\caption{~ $s_{@}$}\end{figure}",
    "longtable": r"\begin{longtable}{ll} ~ & $l_{@}$\\ c & $l_{@}$ \end{longtable}",
    "quote": r"\begin{quote} ~ $q_{@}$ ~ \end{quote}",
    "heading": r"\subsection{On $h_{@}$ and ~} ~",
    "paragraph heading": r"\paragraph{The case $p_{@}$} ~ $p_{@}$.",
    "starred heading": r"\subsection*{~} ~ $s_{@}$ ~",
    "verbatim": "\\begin{verbatim}\nfor x in $y: print(x)\n\\end{verbatim}\n~ $v_{@}$.",
    "code": r"~ \texttt{a\_b} and \verb|$z$| with $c_{@}$. ~",
    "emphasis": r"~ \emph{~ $e_{@}$ ~} and \textbf{$b_{@}$} ~ \textcolor{red}{~ $r_{@}$}.",
    "text": r"~ $\text{if } t_{@}\text{ is } \mathrm{even}$ and \[ a_{@}=b \quad\text{for $x$ small} \] ~",
    "links": r"~ \href{https://example.org/a_b}{~ $l_{@}$} and \url{https://example.org/x}. ~",
    "money": r"~ costs \$5 and \$10 with $m_{@}$ \& 20\,\% less. ~",
    "accents": r"~ na\"ive Erd\H{o}s and Poincar\'e, M\o ller, \ss, with $\hat a_{@}$, $\vec{v}_{@}$. ~",
    "minipage": r"\begin{minipage}{.5\textwidth} ~ $m_{@}$ \[ n_{@} \] \end{minipage}",
    "center": r"\begin{center} ~ $c_{@}$ \end{center}\begin{flushleft} ~ \end{flushleft}",
    "nested": r"~ \[ \Bigl( \sum_{k} \Bigl[ \prod_{j} a_{@} \Bigr] \Bigr)^{2} \le \int_{0}^{\infty}\! g \,dx \] ~",
    "macro": r"\newcommand{\loss}[1]{\mathcal{L}_{#1}} ~ $\loss{@}$ ~",
    "operators": r"~ $\tr X_{@}$, $\operatorname{rank} Y_{@}$, $\lim_{n\to\infty} z_{@}$. ~",
    "spaces": "~ $\n  a_{@}  % a comment with $ in it\n  + b\n$ ~",
    "box": r"~ \fbox{~ $b_{@}$} and \mbox{$m_{@}$}. ~",
    "citations": r"~ \cite{k} with $c_{@}$ \cite{l}. ~",
    "dashes": r"~ --- ``~'' and `~' -- $d_{@}$ \dots ~",
}  # fmt: skip


@dataclass
class Source:
    """A paper as TeX, with the numbers of its formulas and the runs of words between them."""

    name: str
    tex: str = ""
    formulas: list[int] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)


def sources() -> Iterator[Source]:
    """The papers, always the same; each kind comes in many of them."""
    chance = random.Random(20)
    number = 1000

    for page in range(COUNT):
        source = Source(f"paper-{page:02}")

        def words(source: Source = source) -> str:
            source.prose.append(" ".join(chance.choices(WORDS, k=chance.randint(6, 24))))
            return source.prose[-1]

        def filled(snippet: str, source: Source = source) -> str:
            nonlocal number
            parts = []
            for character in snippet:
                if character == "@":
                    number += 1
                    source.formulas.append(number)
                parts.append(str(number) if character == "@" else words() if character == "~" else character)
            return "".join(parts)

        kind = CLASSES[page % len(CLASSES)]
        chapters = kind in ("report", "book")
        chosen = chance.sample(sorted(KINDS), 12)
        body = []
        for place, name in enumerate(chosen):
            if place % 3 == 0:
                title = ("Introduction", "Method with $h_{@}$", "Experiments", "Conclusion")[place // 3]
                body.append(filled(rf"\{'chapter' if chapters else 'section'}{{{title}}} ~."))
            body.append(filled(KINDS[name]))
        abstract = filled(r"\begin{abstract}~ $x_{@}$ ~.\end{abstract}") if kind != "book" else ""
        head = rf"\title{{{filled('On $t_{@}$ and more')}}}\author{{A. Author}}"
        opening = abstract + r"\maketitle" if kind in ("amsart", "revtex4-2") else r"\maketitle" + abstract
        thanks = filled(r"\section*{Acknowledgments} ~ $k_{@}$.") if page % 2 else ""
        appendix = (
            filled(rf"\appendix\{'chapter' if chapters else 'section'}{{Proofs}} ~ $p_{{@}}$. ~")
            if page % 3
            else ""
        )
        references = filled(
            r"\begin{thebibliography}{9}\bibitem{k} Knuth, \emph{On $b_{@}$}, 1968. \bibitem{l} ~, 2001."
            r"\end{thebibliography}"
        )
        source.tex = "\n".join(
            [
                rf"\documentclass{{{kind}}}",
                PREAMBLE,
                head,
                r"\begin{document}",
                opening,
                *body,
                thanks,
                appendix,
                references,
                r"\end{document}",
            ]
        )
        yield source


def page_of(source: Source) -> str:
    """What LaTeXML makes of a paper, as arXiv asks it to. Raises RuntimeError where it gives up."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "paper.tex")
        path.write_text(source.tex, encoding="utf-8")
        done = subprocess.run(
            ["latexmlc", *OPTIONS, "--dest=paper.html", "paper.tex"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        page = Path(folder, "paper.html")
        if not page.exists():
            raise RuntimeError(f"{source.name}: {done.stderr[-500:]}")
        errors = [line for line in done.stderr.splitlines() if line.startswith(("Error", "Fatal"))]
        if errors:
            print(source.name, *errors, sep="\n  ", file=sys.stderr)
        return page.read_text(encoding="utf-8")


def kept_pages() -> Iterator[tuple[Source, str]]:
    """The papers with their pages, as they are kept beside this module."""
    with lzma.open(PAGES, "rt", encoding="utf-8") as lines:
        for source, line in zip(sources(), lines, strict=True):
            kept = json.loads(line)
            if kept["tex"] != source.tex:
                raise ValueError(f"{PAGES.name} was made from another {source.name}; write it again")
            yield source, kept["html"]


def main() -> None:
    """Rewrites the pages."""
    papers = list(sources())
    with ThreadPoolExecutor(2) as threads:
        pages = list(threads.map(page_of, papers))
    with lzma.open(PAGES, "wt", encoding="utf-8", preset=9) as lines:
        for source, html in zip(papers, pages, strict=True):
            lines.write(json.dumps({"tex": source.tex, "html": html}) + "\n")


if __name__ == "__main__":
    main()
