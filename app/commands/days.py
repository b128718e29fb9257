"""Days given as options of commands."""

from datetime import date

from app.errors import InputError


def day_of(text: str | None, option: str) -> date | None:
    """The day of an option's value; None where it was left out. Raises InputError for what is not a day.

    >>> day_of("2026-11-23", "--since")
    datetime.date(2026, 11, 23)
    """
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise InputError(f"{option} {text[:40] if text else ''}: write the day as 2026-11-23") from error
