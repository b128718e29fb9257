"""Files that a reader brings: HTML, PDF and TeX are read; bombs and names that lead elsewhere are not."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError, TooLarge
from app.papers.fulltext.dropped import read_dropped
from app.papers.fulltext.latexml import read_latexml
from app.papers.fulltext.tex_source import read_tex

HERE = Path(__file__).parent
TEX = (HERE / "page.tex").read_bytes()
MOST = 4 << 20


def tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """An archive as arXiv packs it, before it is compressed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return stream.getvalue()


def test_tex_has_the_anchors_and_the_formulas_that_latexml_gives_it() -> None:
    ours = read_dropped(TEX, MOST)
    theirs = read_latexml((HERE / "page.latexml").read_bytes(), "html", None)
    assert ours.source == "tex"

    def displays(text: object) -> list[tuple[str, str]]:
        return [
            (block.anchor, block.text.replace("{", "").replace("}", "").replace(" ", ""))
            for block in text.blocks  # type: ignore[attr-defined]
            if block.kind in ("display", "table", "footnote")
        ]

    assert displays(ours) == displays(theirs)
    anchors = {block.anchor for block in theirs.blocks}
    assert {"abstract", "title", "S1", "S1.p1", "S1.SS1", "S1.T1", "S1.F1", "A1", "bib.bib1"} <= anchors
    assert {"abstract", "title", "S1", "S1.p1", "S1.SS1", "S1.T1", "S1.F1", "A1", "bib.bib1"} <= {
        block.anchor for block in ours.blocks
    }
    assert {block.part for block in ours.blocks} == {block.part for block in theirs.blocks}


@pytest.mark.parametrize("packed", ["tex", "gz", "tar", "tar.gz", "two members"])
def test_a_source_is_read_however_arxiv_packs_it(packed: str) -> None:
    whole = tar({"./ms.tex": TEX, "figure.pdf": b"%PDF-1.4 not a paper"})
    content = {
        "tex": TEX,
        "gz": gzip.compress(TEX),
        "tar": whole,
        "tar.gz": gzip.compress(whole),
        "two members": gzip.compress(TEX[:500]) + gzip.compress(TEX[500:]),
    }[packed]
    assert read_dropped(content, MOST) == read_dropped(TEX, MOST)


def test_a_source_of_several_files_is_one_text() -> None:
    main = rb"""\documentclass{article}\newcommand{\R}{\mathbb{R}}\DeclareMathOperator{\rank}{rank}
\begin{document} % a comment with \input{secret}
\input{parts/one} \include{two} \bibliography{refs}
\end{document} after the end"""
    files = {
        "paper.tex": main,
        "parts/one.tex": rb"\section{One} Over $\R^n$ the words of the first part stand here, 5\% of them \cite{k}.",
        "two.tex": rb"\section{Two} And $\rank A$ in the second part. \input{paper} \input{../two} \input{/etc/passwd}",
        "paper.bbl": rb"\begin{thebibliography}{9}\bibitem{k} D. Knuth.\end{thebibliography}",
        "old.tex": b"nothing that belongs to it",
    }
    blocks = read_dropped(gzip.compress(tar(files)), MOST).blocks
    assert [(block.anchor, block.text) for block in blocks] == [
        ("S1", "One"),
        ("S1.p1", r"Over $\mathbb{R}^n$ the words of the first part stand here, 5% of them [k]."),
        ("S2", "Two"),
        ("S2.p1", r"And $\operatorname{rank} A$ in the second part."),
        ("bib", "References"),
        ("bib.bib1", "D. Knuth."),
    ]


def test_what_unpacks_to_too_much_is_refused_before_it_is_held() -> None:
    bomb = gzip.compress(b"a" * (64 << 20))
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge, match="QUIRE_MAX_UNPACKED_BYTES"):
        read_dropped(bomb, MOST)
    with pytest.raises(TooLarge):
        read_dropped(gzip.compress(tar({f"{number}.tex": b"b" * (1 << 20) for number in range(5)})), MOST)
    with pytest.raises(TooLarge, match="more than 5000 files"):
        read_dropped(tar({f"{number}.tex": b"" for number in range(5001)}), 64 << 20)
    insertions = rb"\documentclass{article}\begin{document}" + rb"\input{a}" * 10_000
    files = {"main.tex": insertions, "a.tex": rb"\input{b}" * 10_000 + b"x" * 10_000, "b.tex": b"y" * 10_000}
    assert sum(len(block.text) for block in read_dropped(tar(files), MOST).blocks) < 5_000_000


def test_paths_and_links_that_lead_elsewhere_are_passed_over(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("the secret words of another file")
    main = rb"\documentclass{article}\begin{document}" + b"words of a paper " * 20
    for name in (b"secret", b"../secret.tex", str(secret).encode(), b"link"):
        main += rb"\input{" + name + b"}"
    files = {"main.tex": main, "../secret.tex": b"the secret words", "/secret.tex": b"the secret words"}
    text = read_dropped(gzip.compress(tar(files, {"link.tex": str(secret), "secret.tex": str(secret)})), MOST)
    assert "secret" not in "".join(block.text for block in text.blocks)


def test_any_page_with_a_paper_is_read_by_its_headings() -> None:
    page = f"""<!DOCTYPE html><html><head><title>T</title><script>no()</script></head><body><nav>menu</nav>
    <h1>On things</h1><p>Words with <math alttext="x^2"><mi>x</mi></math>. {"So it goes on. " * 20}</p>
    <ul><li><p>One item.</p></li></ul><h2>References</h2><p>Knuth.</p></body></html>""".encode()
    text = read_dropped(page, MOST)
    assert [(block.anchor, block.part) for block in text.blocks] == [
        ("S1", "body"), ("S1.p1", "body"), ("S1.p2", "body"), ("S2", "references"), ("S2.p1", "references"),
    ]  # fmt: skip
    assert text.blocks[1].text.startswith("Words with $x^2$. So")
    assert "no()" not in "".join(block.text for block in text.blocks)
    latexml = read_dropped((HERE / "page.latexml").read_bytes(), MOST)
    assert {"S1.E1", "footnote1"} <= {block.anchor for block in latexml.blocks}


@pytest.mark.parametrize(
    "content",
    [b"GIF89a", b"PK\x03\x04", b"Dear reader", b"\x1f\x8b broken", gzip.compress(b"Dear reader"), b"%PDF-1.4 broken",
     gzip.compress(TEX)[:-9], tar({"a.txt": b"words"}), b"<html></html>", b"\\documentclass{article}"],
    # Names of their own: what is compressed holds the time, and each process of a run would call it otherwise.
    ids=["gif", "zip", "words", "broken gzip", "gzip of words", "broken pdf", "cut gzip", "tar of words", "empty page",
         "empty tex"],
)  # fmt: skip
def test_what_is_none_of_these_is_refused_kindly(content: bytes) -> None:
    with pytest.raises(InputError) as refused:
        read_dropped(content, MOST)
    assert len(str(refused.value)) > 20


@given(
    st.lists(
        st.sampled_from(
            [r"\section{", r"\begin{align}", r"\end{align}", r"\begin{tabular}{l}", r"\end{tabular}", "{", "}", "$",
             "$$", r"\[", r"\]", "&", r"\\", "\n\n", r"\footnote{", r"\caption", r"\item", "[", "]", "word ", "%",
             r"\appendix", r"\begin{figure}", r"\end{figure}", r"\bibitem", r"\begin{thebibliography}", r"\def\a{",
             r"\a", "é"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_no_source_breaks_the_reader_and_no_word_comes_twice(parts: list[str]) -> None:
    source = r"\documentclass{article}\begin{document}" + "words of a paper " * 8 + "".join(parts)
    text = read_tex({"a.tex": source})
    assert sum(
        block.text.count("word ") + block.text.endswith("word") for block in text.blocks
    ) <= parts.count("word ")
    assert all(block.anchor for block in text.blocks)
