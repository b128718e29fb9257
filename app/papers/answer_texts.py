"""Answers that were kept, for other programs: a Markdown document with the paper's citation, and XHTML for feeds.

An answer is a stranger's Markdown: as XHTML it has no tags of its own, no pictures, and links of http and mail alone.
"""

from collections.abc import Callable, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.papers.answers import Answer, Quote
from app.papers.citations import markdown, markdown_title
from app.papers.mathml import mathml
from app.papers.models import Paper
from app.papers.plain_text import split_mathematics

_SOURCES = {
    "html": "arXiv's HTML",
    "ar5iv": "ar5iv",
    "pdf": "the PDF",
    "tex": "a source that the reader brought",
    "abstract": "the abstract alone",
}
_STATUSES = {
    "exact": "word for word",
    "repaired": "nearly so; the paper's own words are",
    "elsewhere": "in the paper, but in another place",
    "missing": "not in the paper",
}
_MARK = "\ue000{number}\ue001"
_LINKS = ("http:", "https:", "mailto:")

_markdown = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table").disable("image")
_markdown.validateLink = lambda url: url.strip().lower().startswith(_LINKS)  # type: ignore[method-assign]


def answers_document(paper: Paper, answers: Sequence[Answer]) -> str:
    """All answers about a paper as one Markdown document: title, citation, then each question with its answer.

    Each says which model answered, from what, and what became of its quotes.
    """
    parts = [f"# {markdown_title(paper)}", markdown(paper)]
    for answer in answers:
        parts += [f"## {' '.join(answer.question.split())}", answer.answer.strip(), f"*{_origin(answer)}*"]
        if answer.quotes:
            parts.append("\n".join(_quote(quote) for quote in answer.quotes))
    return "\n\n".join(parts) + "\n"


def answer_xhtml(answer: str) -> str:
    r"""The Markdown of an answer as well-formed XHTML, its formulas as MathML, or as their source where they have none.

    >>> answer_xhtml("So **it** is <b>")
    '<p>So <strong>it</strong> is &lt;b&gt;</p>\n'
    """
    formulas: list[str] = []
    text = ""
    for is_formula, part in split_mathematics(answer.replace("\ue000", "").replace("\ue001", "")):
        text += _MARK.format(number=len(formulas)) if is_formula else part
        formulas += [part] if is_formula else []
    tokens = _markdown.parse(text)
    _restore_in_code(tokens, lambda content: _with_formulas(content, formulas, str))
    rendered: str = _markdown.renderer.render(tokens, _markdown.options, {})
    return _with_formulas(rendered, formulas, lambda tex: mathml(tex) or f"<code>{escape(tex)}</code>")


def _with_formulas(text: str, formulas: Sequence[str], shown: Callable[[str], str]) -> str:
    for number, formula in enumerate(formulas):
        text = text.replace(_MARK.format(number=number), shown(formula), 1)
    return text


def _restore_in_code(tokens: Sequence[Token], restored: Callable[[str], str]) -> None:
    """Code keeps what only looks like a formula, and so do addresses."""
    for token in tokens:
        if token.type in ("code_inline", "code_block", "fence"):
            token.content = restored(token.content)
        for name, value in token.attrs.items():
            if isinstance(value, str):
                token.attrs[name] = restored(value)
        _restore_in_code(token.children or (), restored)


def _origin(answer: Answer) -> str:
    parts = [f"answered by {answer.model}" if answer.model else "answered by a model that nobody named"]
    parts += [f"from {_SOURCES.get(answer.source, answer.source)}"] if answer.source else []
    parts += [f"version {answer.version} of the paper"] if answer.version else []
    parts += [f"on {answer.created.date().isoformat()}"] if answer.created else []
    return ", ".join(parts)


def _quote(quote: Quote) -> str:
    where = f" [{quote.anchor}]" if quote.anchor else ""
    words = f" “{' '.join(quote.words.split())}”" if quote.status == "repaired" and quote.words else ""
    return f"- “{' '.join(quote.quote.split())}”: {_STATUSES[quote.status]}{words}{where}"
