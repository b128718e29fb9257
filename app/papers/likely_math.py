"""Judges whether what stands between two dollars is mathematics or ordinary text, as the page does.

The rules are those of `static/math-text/likely-math.js`, which judges in the browser; a test compares the two on the
same cases, so that a feed or a citation holds the formulas that the page shows.
"""

import re

_COMMAND = re.compile(r"\\[A-Za-z]")
_SIGN = re.compile(
    r"\\[A-Za-z{}|,;!:>]|[\^_=<>+*{}±×÷·−≤≥≠≈∼∈∉⊂⊆∪∩←→↔⇐⇒⇔∞∑∏∫√∂∇∀∃¬∧∨⊕⊗]|[\u0391-\u03F6]|[\U0001D400-\U0001D7FF]"
)
_HAN = re.compile(r"[\u2E80-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\uFF00-\uFFEF\U00020000-\U0003FFFF]")
_STOP_WORD = re.compile(
    r"(?<![\\A-Za-z])(?:and|or|the|an|of|to|for|per|with|is|are|was|were|in|on|then|from|by|at|as|vs|but|while|where"
    r"|which|each|than|versus|only|now|this|that|you|it)(?![A-Za-z'])"
)
_TEXT_ARGUMENT = re.compile(
    r"\\(?:text[a-z]*|mbox|hbox|operatorname\*?|math(?:rm|sf|tt|it|bf)|label|tag|ref|eqref|href|url|begin|end)"
    r"\s*\{[^{}]*\}?"
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_FUNCTION = re.compile(
    r"(?<![A-Za-z])(?:arc)?(?:sin|cos|tan|cot|sec|csc|log|exp|max|min|sup|inf|lim|det|dim|gcd|lcm|mod|arg|ker|var|cov"
    r"|erf|sign|rank|softmax|relu)(?![A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_CURRENCY = re.compile(r"[^-+=<>*/^_]*[\s(](?:AU|CA|HK|NT|NZ|SG|US|[ACRS])")
_CODE_OF_CURRENCY = re.compile(
    r"(?:USD?|(?:AU|CA|HK|NT|NZ|SG|TW)D?|MXN|COP|ARS|CLP|BRL|EUR|GBP|JPY|CNY|RMB|CHF|INR|KRW|RUB|BTC|ETH)"
)
# A sum with its result, as data sets of arithmetic note them: `$5*4=$<<5*4=20>>20`.
_SUM_NOTE = re.compile(r"<<[0-9\s.,+*/()=%-]+>>")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*(?:\\?%)?")
# A negative number, a fraction, a range of digits, or numbers of which one is negative.
_NUMBERS = re.compile(
    r"-[0-9]+(?:\.[0-9]+)?|[0-9]+(?: ?: ?[0-9]+)+|[0-9]+/[0-9]+|[0-9]-[0-9]"
    r"|(?=.*-)-?[0-9]+(?:\.[0-9]+)?(?:, ?-?[0-9]+(?:\.[0-9]+)?)+"
)
# Full-width punctuation, which mathematics in Chinese and Japanese text has as well.
_WIDE_PUNCTUATION = re.compile(r"[\u3000-\u303F\uFF00-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65]")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*(\n|\Z)")
_ANY_WORD = re.compile(r"(?<!\\)(?<![^\W\d_])[^\W\d_]{2,}")
_COMPACT = re.compile(r"(?=.*[A-Za-z(\[|])(?!.*[A-Za-z]{2})[A-Za-z0-9'+*/=<>,.;:()\[\]|!\s-]+", re.DOTALL)
_BRACKETS = re.compile(r"\\.|[()\[\]{}]", re.DOTALL)
_VARIABLES = (
    re.compile(r"[A-Za-z_][A-Za-z0-9_]+(?:[/.][A-Za-z0-9_]+)*[:/]"),
    re.compile(
        r"(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\}|\([a-z]+\))(?:(?![A-Za-z0-9_\s(){}<>+'^*]).)+",
        re.DOTALL,
    ),
)
_CONSTANT = re.compile(r"(?:[A-Z]|_+[A-Z])[A-Z0-9_]+")
_SIGNS_ALONE = frozenset({'""', "''", "“”", "‘’", "()", "（）", "「」"})


def is_dollar_math(tex: str, before: str, after: str) -> bool:
    """Whether `$tex$` is mathematics; `before` and `after` are the characters around the dollars, or "".

    >>> is_dollar_math("x", "", ""), is_dollar_math("5 and ", "", "1")
    (True, False)
    """
    content = tex[: _end_without_space(tex)].lstrip()
    if content == "":
        return "\\" in tex
    text = _bare(content)
    if before + tex[0] in _SIGNS_ALONE or _is_between_emphasis(content, after):
        return False
    if _SUM_NOTE.match(content):
        return False
    if (tex[0].isspace() or tex[-1].isspace()) and not _is_padded_math(tex, text, before, after):
        return False
    command = _COMMAND.search(content) is not None
    if re.match(r"[.,]?[0-9]", content) and _is_price(content, text, after):
        return False
    if _is_digit(before) and not command and re.match(r"[,.;:]|[-–/](?:[0-9]|[^\W\d_]{2})", content):
        return False
    if _is_digit(after) and not _may_precede_digit(content):
        return False
    if command:
        return not (_words(text) >= 8 and len(_STOP_WORD.findall(text)) >= 2)
    if re.fullmatch(r"[.…\s]{2,}", content) or content.count('"') % 2 == 1:
        return False
    stop_word = _STOP_WORD.search(text) is not None
    if not _is_balanced(content) and (_opens_next(after) or stop_word):
        return False
    if stop_word and _is_letter(before) and _is_letter(after):
        return False
    return not _is_variable(content, after) and not _has_lone_bar(content) and not _is_prose(text)


def is_display_math(tex: str) -> bool:
    """Whether `$$tex$$` is mathematics."""
    text = _bare(_COMMENT.sub(lambda comment: " " if comment[1] else comment[0], tex))
    if re.fullmatch(r"[.…\s]*", text):
        return "\\" in tex
    if _COMMAND.search(text):
        return True
    sign = _SIGN.search(text) is not None
    if not sign and re.search(r"\n[ \t]*\n", text):
        return False
    if sign:
        return not (_STOP_WORD.search(text) and _words(text) >= 3)
    return not (_STOP_WORD.search(text) or _HAN.search(text) or _words(_FUNCTION.sub("", text)) >= 2)


def is_prose_line(line: str) -> bool:
    """Whether a line is a sentence; after an empty line it shows that an open display never was one."""
    text = _bare(line)
    if re.search(r"(?<![\\$])\$(?!\$)", text):
        return True
    if _COMMAND.search(text) or "=" in text or "&" in text:
        return False
    return _words(text) >= 4 or re.search(r"[\u3040-\u9FFF\uAC00-\uD7AF]{4}", text) is not None


def _bare(tex: str) -> str:
    """The candidate without what TeX sets as text."""
    return _TEXT_ARGUMENT.sub(r"\\x ", tex)


def _has_han_words(text: str) -> bool:
    """Whether there are words in Chinese, Japanese or Korean, not their punctuation alone."""
    return _HAN.search(_WIDE_PUNCTUATION.sub("", text)) is not None


def _words(text: str) -> int:
    return len(_WORD.findall(text))


def _is_digit(character: str) -> bool:
    return character.isascii() and character.isdigit()


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _opens_next(after: str) -> bool:
    """Whether the character after a dollar makes that dollar open something rather than close it."""
    return after != "" and ((after.isascii() and after.isalnum()) or after in "_({[\\$")


def _end_without_space(tex: str) -> int:
    end = len(tex)
    while end:
        if end > 1 and tex[end - 2] == "\\" and tex[end - 1] in ",;:! ":
            end -= 2
        elif tex[end - 1].isspace():
            end -= 1
        else:
            break
    return end


def _is_between_emphasis(content: str, after: str) -> bool:
    if re.match(r"[0-9][0-9.,]*[A-Za-z]?\*\*(?![A-Za-z0-9_(])", content):
        return True
    return _opens_next(after) and re.search(r"\s[*_~]{1,3}\Z", content) is not None


def _is_padded_math(tex: str, text: str, before: str, after: str) -> bool:
    content = tex.strip()
    if re.fullmatch(r"\\[A-Za-z]+|[A-Za-z]+[_^]\{[^{}\s]*\}", content):
        return True
    if re.fullmatch(r"[0-9][0-9.,]*\s+[a-z]", content):
        return False  # a price and a word, as in `$ 5 y $ 6`
    leading, trailing = tex[0].isspace(), tex[-1].isspace()
    command = _COMMAND.search(text) is not None
    if _STOP_WORD.search(text) or (leading and _is_digit(before) and not command):
        return False
    if trailing and not leading and not _HAN.search(after) and (after == "\\" or after.isalnum()):
        return False
    both = leading and trailing
    if both and before.isascii() and before.isalnum() and _opens_next(after):
        return False
    if _SIGN.search(text):
        return command or _words(_FUNCTION.sub("", text)) == 0
    bracket = re.search(r"[(\[]", content)
    if (
        both
        and bracket
        and re.search(r"[)\]]", content[bracket.start() :])
        and _words(_FUNCTION.sub("", text)) == 0
    ):
        return _is_balanced(content)
    number = _NUMBER.fullmatch(content) is not None
    if re.fullmatch(r"\|[^|]+\|", content) or (
        _COMPACT.fullmatch(content) and not number and not re.fullmatch(r"[0-9][0-9.,]*[,;.]?", content)
    ):
        apart = re.search(r"[A-Za-z]\s+[A-Za-z]", content)
        return not apart and _is_balanced(content) and _words(_FUNCTION.sub("", text)) == 0
    if both and re.fullmatch(r"[A-Z]{2,4}", content):
        # a triangle, a line
        around = before + after
        return not _CODE_OF_CURRENCY.fullmatch(content) and not re.search(r"[A-Za-z0-9]", around)
    return (
        number or re.fullmatch(r"[A-Za-z]'*", content) is not None or _NUMBERS.fullmatch(content) is not None
    )


def _is_price(content: str, text: str, after: str) -> bool:
    """Whether something that starts with a digit is a price with text after it."""
    if _COMMAND.search(text):
        return _STOP_WORD.search(text) is not None
    if re.fullmatch(r"[0-9]+\.|[0-9](?:,[0-9])+,|[0-9]+ ?[A-Za-z]\S*[-–]", content):
        return _is_digit(after)
    if re.fullmatch(r"[0-9]+-", content) and _is_letter(after):
        return False  # `$2-$connected`
    if content[-1] in "-–—/,.;:，。；：、" or _is_digit(after):
        return True
    if content[-1] == "=" and after == "<":
        return True  # a sum that goes on
    if _has_han_words(text) or _STOP_WORD.search(text) or _words(text) >= 2:
        return True
    spoken = _ANY_WORD.findall(_FUNCTION.sub("", text))
    if len(spoken) >= 2 or (any(len(word) > 2 for word in spoken) and re.search(r"[^\W\d_]\s+\S+\Z", text)):
        return True
    if _CURRENCY.fullmatch(content):
        return re.fullmatch(r"[0-9]+(?: [A-Z])+", content) is None
    if re.fullmatch(r"[0-9]+\)", content):
        return _opens_next(after)
    return not _is_balanced(content)


def _may_precede_digit(content: str) -> bool:
    if re.match(r"[-+][0-9][0-9.,]*[\s,;]", content):
        return False  # a price with its sign
    if _COMMAND.search(content) or content[-1] in "-+=<>~∼≈≤≥±×*/:(|→":
        return True
    if re.fullmatch(r"[A-Za-z\u0391-\u03F6]", content):
        return True
    return re.search(r"[\^_]", content) is not None and not _is_digit(content[0])


def _is_variable(content: str, after: str) -> bool:
    """Whether this is a variable of a shell or a programme and the sign between it and the next one."""
    if not _opens_next(after):
        return False
    if re.fullmatch(r"[A-Za-z]-", content) and re.match(r"[a-z]", after):
        return False  # `$k-$means`
    if "&&" in content or any(pattern.fullmatch(content) for pattern in _VARIABLES):
        return True
    return _CONSTANT.fullmatch(content) is not None and re.match(r"[A-Z_]", after) is not None


def _is_prose(text: str) -> bool:
    if re.fullmatch(r"[A-Za-z][（(][^()（）]*[)）]", text.strip()):
        return False
    han = _has_han_words(text) or (_HAN.search(text) and not re.search(r"[A-Za-z0-9]", text))
    if han and not re.search(r"[=<>+*/^_≤≥≈]", text):
        return True
    return _words(text) >= 3 and _STOP_WORD.search(text) is not None and not re.search(r"[=^_]", text)


def _is_balanced(content: str) -> bool:
    """Whether brackets close, round or square alike, and braces."""
    depth = braces = 0
    for sign in _BRACKETS.findall(content):
        depth += (sign in ("(", "[")) - (sign in (")", "]"))
        braces += (sign == "{") - (sign == "}")
        if braces < 0 or (depth < 0 and not content.startswith("]")):
            return False
    return depth <= 0 and braces == 0 and not _has_lone_bar(content)


def _has_lone_bar(content: str) -> bool:
    """Whether a bar at an edge has no partner: the edge of a table's cell, or an alternative."""
    at_edge = re.search(r"^\|[A-Za-z0-9^]|[A-Za-z0-9]\|\Z", content)
    return at_edge is not None and content.count("|") % 2 == 1
