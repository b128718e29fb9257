"""What arXiv's services send over the wire, byte for byte, for tests: papers in each of their forms.

The API's Atom, the records and pages of OAI-PMH, the feeds of announcements; the server that sends them is
arxiv_server.py.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from xml.sax.saxutils import escape, quoteattr

NEW_YORK = "-05:00"


@dataclass(frozen=True)
class Sample:
    """A paper as arXiv's database has it; every form is written from this."""

    id: str
    title: str = "On the zeros of a function"
    abstract: str = "We count zeros.\n  A second paragraph has $x<y$ & more."
    names: tuple[tuple[str, str, str], ...] = (("Noether", "Emmy", ""), ("King", "Martin", "Jr."))
    categories: tuple[str, ...] = ("cs.AI", "cs.LG")
    sent: tuple[datetime, ...] = (datetime(2026, 11, 19, 17, 30, 5, tzinfo=UTC),)
    datestamp: date = date(2026, 11, 20)
    comments: str = ""
    journal_ref: str = ""
    doi: str = ""
    msc: str = ""
    kind: str = "new"

    @property
    def authors(self) -> str:
        """The line of names that the database keeps."""
        return ", ".join(
            " ".join(filter(None, (given, family, suffix))) for family, given, suffix in self.names
        )


def atom_entry(sample: Sample) -> str:
    """An entry of the API's answers."""
    version = f"{sample.id}v{len(sample.sent)}"
    optional = "".join(
        f"    <arxiv:{name}>{escape(text)}</arxiv:{name}>\n"
        for name, text in (
            ("comment", sample.comments),
            ("journal_ref", sample.journal_ref),
            ("doi", sample.doi),
        )
        if text
    )
    authors = "".join(
        f"    <author>\n      <name>{escape(' '.join(filter(None, (given, family, suffix))))}</name>\n"
        "      <arxiv:affiliation>An Institute</arxiv:affiliation>\n    </author>\n"
        for family, given, suffix in sample.names
    )
    terms = (*sample.categories, *((sample.msc,) if sample.msc else ()))
    categories = "".join(
        f'    <category term={quoteattr(term)} scheme="http://arxiv.org/schemas/atom"/>\n' for term in terms
    )
    return (
        f"  <entry>\n    <id>http://arxiv.org/abs/{version}</id>\n    <title>{escape(sample.title)}</title>\n"
        f"    <updated>{sample.sent[-1]:%Y-%m-%dT%H:%M:%SZ}</updated>\n"
        f'    <link href="https://arxiv.org/abs/{version}" rel="alternate" type="text/html"/>\n'
        f'    <link href="https://arxiv.org/pdf/{version}" rel="related" type="application/pdf" title="pdf"/>\n'
        f"    <summary>{escape(sample.abstract)}</summary>\n{categories}"
        f"    <published>{sample.sent[0]:%Y-%m-%dT%H:%M:%SZ}</published>\n{optional}"
        f'    <arxiv:primary_category term="{sample.categories[0]}"/>\n{authors}  </entry>\n'
    )


def atom_feed(entries: str, total: int) -> bytes:
    """The API's answer around its entries."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">\n'
        "  <id>https://arxiv.org/api/HqHWuZByps04ziY4fhVbPNHBZ9Y</id>\n  <title>arXiv Query</title>\n"
        "  <updated>2026-11-23T00:00:00Z</updated>\n"
        f"  <opensearch:itemsPerPage>10</opensearch:itemsPerPage>\n"
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>0</opensearch:startIndex>\n{entries}</feed>\n"
    ).encode()


def atom_error(words: str) -> bytes:
    """The API's answer to a request that it refuses."""
    address = f"https://arxiv.org/api/errors#{words.replace(' ', '_')}"
    return atom_feed(
        f"  <entry>\n    <id>{escape(address)}</id>\n    <title>Error</title>\n"
        f"    <updated>2026-11-23T00:00:00Z</updated>\n    <summary>{escape(words)}</summary>\n"
        "    <author>\n      <name>arXiv api core</name>\n    </author>\n  </entry>\n",
        1,
    )


def oai_set(category: str) -> str:
    """The set that a category's papers are in."""
    archive = category.split(".")[0]
    group = archive if archive in ("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat") else "physics"
    return f"{group}:{category.replace('.', ':')}"


def oai_record(sample: Sample, prefix: str = "arXivRaw") -> str:
    """A record in one of the two formats of arXiv's own."""
    sets = "".join(f"        <setSpec>{oai_set(category)}</setSpec>\n" for category in sample.categories)
    header = (
        f"      <header>\n        <identifier>oai:arXiv.org:{sample.id}</identifier>\n"
        f"        <datestamp>{sample.datestamp}</datestamp>\n{sets}      </header>\n"
    )
    named = (
        ("comments", sample.comments),
        ("msc-class", sample.msc),
        # The service writes the MSC class here too; what it has is what we get.
        ("acm-class", sample.msc),
        ("journal-ref", sample.journal_ref),
        ("doi", sample.doi),
        ("license", "http://creativecommons.org/licenses/by/4.0/"),
        ("abstract", sample.abstract),
    )
    rest = "".join(f"          <{name}>{escape(text)}</{name}>\n" for name, text in named if text)
    title = f"          <title>{escape(sample.title)}</title>\n"
    categories = f"          <categories>{' '.join(sample.categories)}</categories>\n"
    if prefix == "arXivRaw":
        versions = "".join(
            f'          <version version="v{number}">\n'
            f"            <date>{sent:%a, %d %b %Y %H:%M:%S} GMT</date>\n            <size>12kb</size>\n"
            "            <source_type>D</source_type>\n          </version>\n"
            for number, sent in enumerate(sample.sent, start=1)
        )
        inner = (
            f"          <submitter>A Submitter</submitter>\n{versions}{title}"
            f"          <authors>{escape(sample.authors)}</authors>\n{categories}{rest}"
        )
    else:
        authors = "".join(
            f"            <author>\n              <keyname>{escape(family)}</keyname>\n"
            + (f"              <forenames>{escape(given)}</forenames>\n" if given else "")
            + (f"              <suffix>{escape(suffix)}</suffix>\n" if suffix else "")
            + "            </author>\n"
            for family, given, suffix in sample.names
        )
        inner = (
            f"          <created>{sample.sent[-1]:%Y-%m-%d}</created>\n"
            f"          <authors>\n{authors}          </authors>\n{title}{categories}{rest}"
        )
    return (
        f'    <record>\n{header}      <metadata>\n        <{prefix} xmlns="http://arxiv.org/OAI/{prefix}/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"          <id>{sample.id}</id>\n{inner}        </{prefix}>\n      </metadata>\n    </record>\n"
    )


def oai_deleted(paper_id: str, day: str) -> str:
    """The record of a deleted paper."""
    return (
        f'    <record>\n      <header status="deleted">\n'
        f"        <identifier>oai:arXiv.org:{paper_id}</identifier>\n"
        f"        <datestamp>{day}</datestamp>\n      </header>\n    </record>\n"
    )


def oai_document(inner: str, now: datetime = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)) -> bytes:
    """An answer of OAI-PMH around its contents."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"\n'
        '         xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"  <responseDate>{now:%Y-%m-%dT%H:%M:%SZ}</responseDate>\n"
        f'  <request verb="ListRecords">http://oaipmh.arxiv.org/oai</request>\n{inner}</OAI-PMH>\n'
    ).encode()


def oai_error(code: str, words: str) -> bytes:
    """An error of OAI-PMH, which comes with HTTP status 200."""
    return oai_document(f"  <error code='{code}'>{escape(words)}</error>\n")


def oai_list(records: str, token: str | None = None) -> bytes:
    """A page of ListRecords; the last one of several has an empty token, a single one has none."""
    if token is None:
        written = ""
    elif token:
        written = (
            f"    <resumptionToken expirationDate='2026-11-24T00:00:00Z'>{escape(token)}</resumptionToken>\n"
        )
    else:
        written = "    <resumptionToken/>\n"
    return oai_document(f"  <ListRecords>\n{records}{written}  </ListRecords>\n")


def feed_entry(sample: Sample, day: date) -> str:
    """An entry of the announcements in Atom."""
    version = f"{sample.id}v{len(sample.sent)}"
    categories = "".join(f'    <category term="{category}"/>\n' for category in sample.categories)
    return (
        f"  <entry>\n    <id>oai:arXiv.org:{version}</id>\n    <title>{escape(sample.title)}</title>\n"
        f"    <updated>{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}+00:00</updated>\n"
        f'    <link href="https://arxiv.org/abs/{sample.id}" rel="alternate" type="text/html"/>\n'
        f"    <summary>arXiv:{version} Announce Type: {sample.kind} \n"
        f"Abstract: {escape(sample.abstract)}</summary>\n{categories}"
        f"    <published>{day}T00:00:00{NEW_YORK}</published>\n"
        f"    <arxiv:announce_type>{sample.kind}</arxiv:announce_type>\n"
        "    <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>\n"
        + (
            f"    <arxiv:journal_reference>{escape(sample.journal_ref)}</arxiv:journal_reference>\n"
            if sample.journal_ref
            else ""
        )
        + (f"    <arxiv:DOI>{escape(sample.doi)}</arxiv:DOI>\n" if sample.doi else "")
        + f"    <dc:creator>{escape(sample.authors)}</dc:creator>\n  </entry>\n"
    )


def feed_document(entries: str, title: str = "cs.AI updates on arXiv.org", words: str = "updates") -> bytes:
    """The announcements in Atom around their entries."""
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">\n'
        f"  <id>http://rss.arxiv.org/atom/cs.AI</id>\n  <title>{escape(title)}</title>\n"
        f"  <updated>2026-11-23T05:00:01.000000+00:00</updated>\n  <subtitle>{escape(words)}</subtitle>\n"
        f"{entries}</feed>\n"
    ).encode()


def rss_document(samples: list[Sample], day: date) -> bytes:
    """The announcements in RSS 2.0."""
    midnight = f"{day:%a, %d %b %Y} 00:00:00 -0500"
    items = "".join(
        f"    <item>\n      <title>{escape(sample.title)}</title>\n"
        f"      <link>https://arxiv.org/abs/{sample.id}</link>\n"
        f"      <description>arXiv:{sample.id}v{len(sample.sent)} Announce Type: {sample.kind} \n"
        f"Abstract: {escape(sample.abstract)}</description>\n"
        f'      <guid isPermaLink="false">oai:arXiv.org:{sample.id}v{len(sample.sent)}</guid>\n'
        + "".join(f"      <category>{category}</category>\n" for category in sample.categories)
        + f"      <pubDate>{midnight}</pubDate>\n      <arxiv:announce_type>{sample.kind}</arxiv:announce_type>\n"
        f"      <dc:creator>{escape(sample.authors)}</dc:creator>\n    </item>\n"
        for sample in samples
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:atom="http://www.w3.org/2005/Atom" version="2.0">\n  <channel>\n'
        "    <title>cs.AI updates on arXiv.org</title>\n    <link>http://rss.arxiv.org/rss/cs.AI</link>\n"
        f"    <description>cs.AI updates</description>\n    <pubDate>{midnight}</pubDate>\n"
        f"    <skipDays>\n      <day>Saturday</day>\n    </skipDays>\n{items}  </channel>\n</rss>\n"
    ).encode()
