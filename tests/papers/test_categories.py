"""Category expressions: one meaning has one canonical form, and unknown names are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.papers.categories import CategoryExpression, canonical_category, parse_expression, sort_out
from app.papers.taxonomy import ALIASES, CATEGORIES

codes = st.sampled_from(sorted(CATEGORIES))


@given(st.lists(codes, max_size=5), st.lists(codes, max_size=5))
def test_the_canonical_form_reads_back_as_itself(include: list[str], exclude: list[str]) -> None:
    if not include and not exclude:
        return
    expression = parse_expression("+".join(include) + "".join(f"-{code}" for code in exclude))
    assert set(expression.include) == set(include)
    assert set(expression.exclude) == set(exclude)
    assert parse_expression(str(expression)) == expression


@given(
    st.permutations(["cs.AI", "cond-mat.mtrl-sci", "math-ph"]), st.sampled_from(["+", ",", " ", " + ", ", "])
)
def test_order_and_the_way_of_writing_a_plus_do_not_matter(names: list[str], plus: str) -> None:
    assert str(parse_expression(plus.join(names))) == "cs.AI+cond-mat.mtrl-sci+math-ph"


def test_a_hyphen_is_part_of_a_name_where_the_longest_name_has_it() -> None:
    assert parse_expression("cond-mat.mtrl-sci-cond-mat-q-bio.PE") == CategoryExpression(
        ("cond-mat.mtrl-sci",), ("cond-mat", "q-bio.PE")
    )
    assert parse_expression("math-ph") == CategoryExpression(("math-ph",))


@pytest.mark.parametrize(("alias", "code"), sorted(ALIASES.items()))
def test_an_alias_is_one_with_its_category(alias: str, code: str) -> None:
    assert str(parse_expression(alias.upper())) == code
    assert canonical_category(alias) == code
    assert code in CATEGORIES


def test_an_archive_holds_all_its_categories() -> None:
    included, excluded = parse_expression("astro-ph-cs").members
    assert {"astro-ph", "astro-ph.CO", "astro-ph.SR"} <= included
    assert "cs.AI" in excluded
    assert "math.IT" not in included | excluded


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cs.AX", "'cs.AX'.*cs.AI"),
        ("cs.AI+bananas", "'bananas'"),
        ("math-phx", "'phx'.*math-ph"),
        ("cs.AI-", "character 7"),
        ("cs.AI--cs.CY", "'-cs.CY'"),
        ("", "no category"),
        (" , +", "no category"),
        ("a" * 5000, "4096"),
    ],
)
def test_an_unknown_name_is_named(text: str, names: str) -> None:
    with pytest.raises(InputError, match=names):
        parse_expression(text)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    try:
        expression = parse_expression(text)
    except InputError:
        return
    assert parse_expression(str(expression)) == expression


def test_tokens_of_a_record_are_parted_into_categories_and_the_rest() -> None:
    tokens = ["cs.NA", "math.NA", "68T07,", "cs.LG", "CS", "q-fin.EC", "68T07,"]
    assert sort_out(tokens) == (("math.NA", "cs.LG", "econ.GN"), ("68T07,", "CS"))
