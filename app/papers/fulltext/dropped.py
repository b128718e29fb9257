"""The text of a file that a reader brings: HTML, a PDF, or TeX as arXiv packs it (.tar.gz, .gz, .tex).

A file is known by its content. Nothing is unpacked to the disk, nothing that it names is opened or fetched, and what it
unpacks to is bounded before it is held.
"""

import io
import tarfile
import zlib

from app.errors import InputError, Sentence, SourceError, TooLarge
from app.papers.fulltext.blocks import PaperText
from app.papers.fulltext.html_page import read_page
from app.papers.fulltext.pdf import read_pdf
from app.papers.fulltext.tex_source import is_tex, read_tex

_GZIP = b"\x1f\x8b"
_MOST_MEMBERS = 5000
_TEXTS = (".tex", ".ltx", ".bbl", ".inc", ".txt", ".sty", ".cls")
_HTML = (b"<!doctype html", b"<html", b"<article", b"<body", b"<head", b"<div", b"<section", b"<?xml")


def read_dropped(content: bytes, most_bytes: int) -> PaperText:
    """The text of a file; it may unpack to `most_bytes`.

    Raises InputError for a file of another kind or without a text, TooLarge for one that unpacks to more.
    """
    try:
        if content.startswith(_GZIP):
            content = _unpacked(content, most_bytes)
        if b"%PDF-" in content[:1024]:
            return read_pdf(content, None)
        if _is_tar(content):
            return read_tex(_members(content, most_bytes))
        start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if start.startswith(_HTML):
            return read_page(content, "html", None, any_page=True)
        text = _decoded(content)
        if is_tex(text):
            return read_tex({"main.tex": text})
    except SourceError as error:
        raise InputError(error.message) from error
    raise InputError(
        Sentence("the file is neither HTML, nor a PDF, nor TeX (.tex, or .gz and .tar.gz as arXiv packs it)")
    )


def _unpacked(content: bytes, most: int) -> bytes:
    """What a gzip file holds, of all its members. Raises TooLarge as soon as that is more than `most` bytes."""
    found = bytearray()
    rest = content
    while rest.startswith(_GZIP):
        unpacker = zlib.decompressobj(31)
        try:
            found += unpacker.decompress(rest, most + 1 - len(found))
        except zlib.error as error:
            raise InputError(Sentence("the file is packed with gzip, but damaged")) from error
        if len(found) > most or unpacker.unconsumed_tail:
            raise TooLarge(
                Sentence(
                    "the file unpacks to more than {most:,} bytes (QUIRE_MAX_UNPACKED_BYTES); send the PDF "
                    "instead",
                    most=most,
                )
            )
        if not unpacker.eof:
            raise InputError(Sentence("the file is packed with gzip, but its end is missing"))
        rest = unpacker.unused_data.lstrip(b"\0")
    return bytes(found)


def _is_tar(content: bytes) -> bool:
    return content[257:262] == b"ustar" or (len(content) >= 512 and _has_old_header(content[:512]))


def _has_old_header(header: bytes) -> bool:
    """Whether a header of tar's first format stands at the start; it has no magic, but a sum."""
    try:
        tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _members(content: bytes, most: int) -> dict[str, str]:
    """The texts of an archive by their names; links, devices and names that lead elsewhere are passed over."""
    files: dict[str, str] = {}
    size = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for number, member in enumerate(archive):
                name = member.name.removeprefix("./")
                if number >= _MOST_MEMBERS:
                    raise TooLarge(Sentence("the archive has more than {most} files", most=_MOST_MEMBERS))
                if not member.isreg() or name.startswith("/") or ".." in name.split("/"):
                    continue
                if not name.lower().endswith(_TEXTS):
                    continue
                size += member.size
                if size > most:
                    raise TooLarge(
                        Sentence(
                            "the archive unpacks to more than {most:,} bytes (QUIRE_MAX_UNPACKED_BYTES)",
                            most=most,
                        )
                    )
                stream = archive.extractfile(member)
                if stream is not None:
                    files[name] = _decoded(stream.read())
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise InputError(Sentence("the archive is damaged")) from error
    return files


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
