"""The interface's words, in English and Chinese, and which of them a request is answered in.

A paper's text is never translated here.
"""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache

from babel.dates import format_date, get_day_names
from fastapi import Request

from app.errors import Sentence, filled
from app.papers.taxonomy import CATEGORIES
from app.paths import STATIC

LANGUAGES = ("en", "zh")
_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}
_SHORT_DAYS = {"en": "d MMM", "zh": "M月d日"}
_SHORT_DAYS_WITH_YEAR = {"en": "d MMM y", "zh": "y年M月d日"}
_MONTHS = {"en": "LLLL y", "zh": "y年M月"}
_FOLDER = STATIC / "wording"
_ENDS = ("。", "？", "！")


@cache
def words(language: str) -> dict[str, str]:
    """All texts of the interface in `language`, by name."""
    table: dict[str, str] = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return table


@cache
def _category_names(language: str) -> dict[str, str]:
    """Names of categories by their codes, for a language that has its own."""
    path = _FOLDER / "categories" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@cache
def failures(language: str) -> tuple[dict[str, str], dict[str, str]]:
    """Sentences of failures by their English patterns, and a sentence for each kind of failure."""
    tables = tomllib.loads((_FOLDER / "failures" / f"{language}.toml").read_text(encoding="utf-8"))
    return tables["sentences"], tables["kinds"]


def _in_words(said: str, sentences: dict[str, str], comma: str) -> str | None:
    """A sentence and those in it by the patterns of a language; None where it is none, or has no pattern there."""
    if not isinstance(said, Sentence) or said.pattern not in sentences:
        return None
    values = {
        name: (_in_words(value, sentences, comma) or value) if isinstance(value, str) else value
        for name, value in said.values.items()
    }
    return filled(sentences[said.pattern], values, comma)


def translations(said: str, kind: str) -> dict[str, str]:
    """What a failure says in the languages of the interface other than English, by language.

    >>> from app.errors import Sentence
    >>> translations(Sentence("the file is empty"), "invalid-input")
    {'zh': '文件是空的。'}
    """
    return {language: Wording(language).failure(said, kind) for language in LANGUAGES if language != "en"}


def load_words() -> None:
    """Read all words, names of categories and forms of days now, not when the first reader waits for them."""
    for language in LANGUAGES:
        words(language)
        _category_names(language)
        if language != "en":
            failures(language)
        Wording(language).day(date(2000, 1, 1))


@lru_cache(4096)
def _written(day: date, form: str, language: str) -> str:
    """A day in a form of Babel's. Home writes the newest day of each category, in two forms."""
    return format_date(day, form, locale=_LOCALES[language])


class _Number(int):
    """A number in a text, which may also choose between two words: `{count:,} {count:paper|papers}`."""

    def __format__(self, form: str) -> str:
        one, or_more, many = form.partition("|")
        if or_more:
            return one if self == 1 else many
        return super().__format__(form)


@dataclass(frozen=True)
class Wording:
    """The words of one language: `wording("papers_count", count=25)`."""

    language: str

    def __call__(self, name: str, **values: object) -> str:
        filled_in = {
            key: _Number(value) if isinstance(value, int) else value for key, value in values.items()
        }
        return words(self.language)[name].format(**filled_in)

    def unfilled(self, name: str) -> str:
        """A text whose values scripts fill in by the same rules: `filled` in page/announcements.js."""
        return words(self.language)[name]

    def failure(self, said: str, kind: str) -> str:
        """What a failure says: its sentence in this language, else what all failures of its kind have in common.

        English is as the failure was written. `kind` ends a problem's `type` (app/web/errors.py).

        >>> from app.errors import Sentence
        >>> Wording("zh").failure(Sentence("the file is empty"), "invalid-input")
        '文件是空的。'
        >>> Wording("zh").failure("disk full", "store-unavailable")
        '论文库暂时无法读写，请稍后再试。'
        """
        if self.language == "en":
            return str(said)
        sentences, kinds = failures(self.language)
        text = _in_words(said, sentences, self("list_comma")) or kinds.get(kind, kinds["refused"]).format(
            detail=said
        )
        return text if text.endswith(_ENDS) else f"{text}。"

    def source(self, name: str) -> str:
        """What of a paper an answer was written from; an imported answer may name any source.

        >>> Wording("en").source("pdf"), Wording("en").source("a scan")
        ('the PDF', 'a scan')
        """
        return words(self.language).get(f"source_{name}", name)

    def category(self, code: str) -> str:
        """What a category is called; its code where it is none that we know."""
        known = CATEGORIES.get(code)
        return _category_names(self.language).get(code) or (known.name if known else code)

    def day(self, day: date) -> str:
        """A day written out, such as Monday, 23 November 2026."""
        return _written(day, "full", self.language)

    def long_day(self, day: date) -> str:
        """A day without its weekday, such as 23 November 2026."""
        return _written(day, "long", self.language)

    def short_day(self, day: date, beside: date | None = None) -> str:
        """A day such as 23 Nov, with its year where it stands beside a day of another.

        >>> from datetime import date
        >>> Wording("en").short_day(date(2025, 12, 2), beside=date(2026, 11, 30))
        '2 Dec 2025'
        """
        forms = _SHORT_DAYS if beside is None or beside.year == day.year else _SHORT_DAYS_WITH_YEAR
        return _written(day, forms[self.language], self.language)

    def moment(self, moment: datetime) -> str:
        """A moment in UTC, such as 23 November 2026, 06:30 UTC."""
        return f"{self.long_day(moment.date())}, {moment:%H:%M} UTC"

    def month(self, day: date) -> str:
        """The month of a day, such as November 2026."""
        return _written(day, _MONTHS[self.language], self.language)

    def weekdays(self) -> list[str]:
        """The names of the days of a week, short, from Monday on."""
        names = get_day_names("short", "stand-alone", _LOCALES[self.language])
        return [names[day] for day in range(7)]


def wording_of(request: Request) -> Wording:
    """The language asked for by `?lang=`, else the first of Accept-Language that we speak, else English."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return Wording(asked)
    return Wording(_accepted(request.headers.get("accept-language", "")))


def _accepted(header: str) -> str:
    """Our best language for an Accept-Language header (RFC 9110, 12.5.4)."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        name, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        language = name.split("-")[0].lower()
        if language in LANGUAGES and weight > 0:
            weighted.append((-weight, language))
    return min(weighted, key=lambda item: item[0])[1] if weighted else "en"
