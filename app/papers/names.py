"""Names of people and of groups, split as arXiv's own parsed names are: the last word is the family name, with the
particles before it; what follows it (Jr., III, Ph.D.) is a suffix; a name that stands alone is a family name.

https://info.arxiv.org/help/prep.html#authors says how names are sent in. A line of names is parted in sources/names.py.
"""

import re
from collections.abc import Iterable

from app.papers.models import Author

ET_AL = "et al."

_WORD = re.compile(r"(?:\{(?:[^{}]|\{[^{}]*\}){0,200}\}|\\[A-Za-z]\s(?=[A-Za-z])|[^\s~]|(?<=\\)~)+")
_PARTICLE = re.compile(
    r"(?:van|vande|vanden|vander|von|vom|zu|zum|zur|auf|der|den|dem|des|de|del|della|delle|dela|degli|dei|di|da|das|do"
    r"|dos|du|in|la|las|le|los|lo|ten|ter|te|und|ver|af|av|ibn|bin|bint|ben|al|el|ul|ur|'t|op|mac)"
)
_JOINS = frozenset({"y", "i"})
_INITIAL = re.compile(r"(?:[^\W\d_]\.?-?){1,3}")
_SUFFIX = re.compile(
    r"[JS]r\.?|I{2,3}|IV|Ph\.?\s?D\.?|M\.?D\.?|S\.J\.?|D\.?Sc\.?|M\.?Sc\.?|Esq\.?|O\.P\.?|O\.F\.M\.?|Dr\.?rer\.?nat\.?"
)
_ET_AL = re.compile(r"(?:and\s+)?(?:et\.?\s+al\.?|others|many\s+others)", re.IGNORECASE)
_GROUP = re.compile(
    r"(?:team\s.*"
    r"|.*\b(?:collaborations?|consortium|team|groups?|labs?|laborator(?:y|ies)|projects?|networks?|communit(?:y|ies)"
    r"|committee|initiative|alliance|organi[sz]ation|foundation|institutes?|university|inc|corporation|company|department"
    r"|society|survey|mission|association|task\sforce|cent(?:er|re)|contributors|agency|observatory)\b\.?"
    r"|.*\b(?:collaboration|consortium|team|working\sgroup)\b.*)",
    re.IGNORECASE,
)
# Where capitals matter: The and Ai are people's names as well.
_CAPITAL_GROUP = re.compile(
    r"the\s.*|The\s(?=.*[A-Z]{2}).*|.*\s(?:AI|Research|Workshop|DeepMind|LLC|Ltd\.?|GmbH)"
)
_INVERTED = re.compile(r"([^,]+), ([^,]+)")
_FAMILY_FIRST = re.compile(r"[\u3040-\u30FF\u3400-\u9FFF\uAC00-\uD7AF]+")


def split_name(name: str) -> Author:
    """A name as it is read aloud, with its parts. A group is a family name alone, whole.

    >>> split_name("Laurens van der Maaten"), split_name("Martin King Jr.").suffix
    (Author(name='Laurens van der Maaten', family='van der Maaten', given='Laurens', suffix=None), 'Jr.')
    """
    name = " ".join(name.split())
    if _ET_AL.fullmatch(name):
        return Author(ET_AL)
    inverted = _INVERTED.fullmatch(name)
    if inverted and not is_suffix(inverted[2]):
        name = f"{inverted[2]} {inverted[1]}"
    words = _WORD.findall(name)
    if _is_group(name) or len(words) < 2:
        return Author(name, name or None)
    if len(words) == 2 and all(map(_FAMILY_FIRST.fullmatch, words)):
        return Author(name, words[0], words[1])
    end = len(words)
    while end > 2 and is_suffix(words[end - 1]):
        end -= 1
    start = _family_start(words[:end])
    # A comma before a suffix parts it from the name.
    family = " ".join(words[start:end]).rstrip(",")
    return Author(name, family, " ".join(words[:start]) or None, " ".join(words[end:]) or None)


def _family_start(words: list[str]) -> int:
    start = _with_particles(words, len(words) - 1)
    if 1 < start < len(words) - 1 and _is_particle(words[start - 1].lower()):
        start -= 1  # as in Van der Goot
    if start > 2 and words[start - 1] in _JOINS:
        # "y" and "i" join two family names.
        return _with_particles(words, start - 2)
    # A particle after initials begins the family name, however many words that has.
    for at in range(1, start):
        before = words[at - 1]
        if _is_particle(words[at]) and _INITIAL.fullmatch(before) and not _is_particle(before.lower()):
            return at
    return start


def _with_particles(words: list[str], start: int) -> int:
    """Where the particles before a word begin; the first word is not one of them."""
    while start > 1 and _is_particle(words[start - 1]):
        start -= 1
    return start


def _is_group(name: str) -> bool:
    return _GROUP.fullmatch(name) is not None or _CAPITAL_GROUP.fullmatch(name) is not None


def _is_particle(word: str) -> bool:
    return _PARTICLE.fullmatch(word) is not None or word.startswith(("d'", "d’"))


def is_suffix(word: str) -> bool:
    """Whether a word after a name belongs to it, as Jr., III and Ph.D. do."""
    return _SUFFIX.fullmatch(word) is not None


def people(authors: Iterable[Author]) -> list[Author]:
    """Authors as they are cited: groups whole, without the colon that parts a collaboration from its members.

    >>> people([Author("Qwen Team", "Team", "Qwen"), Author(":", ":"), Author("An Yang", "Yang", "An")])[0].family
    'Qwen Team'
    """
    found: list[Author] = []
    for author in authors:
        if author.name.strip() == ":" and len(found) == 1:
            found = [_whole(found[0])]
        elif any(character.isalnum() for character in author.name):
            found.append(_whole(author) if _is_group(author.name) else author)
    return found


def _whole(author: Author) -> Author:
    return Author(author.name, author.name)
