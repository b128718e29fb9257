"""The language of searches: what reads as what, and errors that say where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError, TooLarge
from app.papers.query import All, Either, Node, Not, Words, parse_query


def shape(node: Node) -> str:
    """A tree in brackets: what stands closer together binds more closely."""
    if isinstance(node, Words):
        text = f'"{node.text}"' if node.phrase else node.text
        return text if node.field == "any" else f"{node.field}={text}"
    if isinstance(node, Not):
        return f"!{shape(node.operand)}"
    return f"({(' & ' if isinstance(node, All) else ' | ').join(shape(one) for one in node.operands)})"


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("graph", "graph"),
        ("graph neural", "(graph & neural)"),
        ("graph AND neural", "(graph & neural)"),
        ("a b OR c d", "((a & b) | (c & d))"),
        ("a (b OR c) d", "(a & (b | c) & d)"),
        ('"message passing" -survey', '("message passing" & !survey)'),
        ("“message passing”", '"message passing"'),
        ("NOT a b", "(!a & b)"),
        ("a ANDNOT b", "(a & !b)"),
        ("NOT NOT a", "a"),
        ("-(a OR b)", "!(a | b)"),
        ("a ti:-0", "(a & !title=0)"),
        ('ti:graph au:"ada l" abs:x', '(title=graph & authors="ada l" & abstract=x)'),
        ("TI:(graph OR tree) b", "((title=graph | title=tree) & b)"),
        ("all:x cat:cs.AI id:2401.12345", "(x & category=cs.AI & id=2401.12345)"),
        ("http://x.org/a:b BERT: 16:9 pre-training", "(http://x.org/a:b & BERT: & 16:9 & pre-training)"),
        ("and or not", "(and & or & not)"),
        ("in:vivo", "in:vivo"),
        ("机器学习", "机器学习"),
    ],
)
def test_a_query_reads_as_its_tree(query: str, tree: str) -> None:
    assert shape(parse_query(query)) == tree


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "the query is empty"),
        ("   ", "the query is empty"),
        ("a (b", r"bracket is left open \(character 3 "),
        ("a) b", r"never opened \(character 2 "),
        ('a "b c', r"quotation mark is left open \(character 3 "),
        ("AND", r"missing here, before AND \(character 1 "),
        ("a OR", "missing here, at the end"),
        ("a AND OR b", r"missing here, before OR \(character 7 "),
        ("a NOT", "missing here, at the end"),
        ("()", r"missing here, before \) \(character 2 "),
        ("in:starred x", r"in:starred is known to the reader's browser alone.*\(character 1 "),
        ("x tag:later", r"tag: is known to the reader's browser alone.*\(character 3 "),
        ("(" * 60, "nested more than 40 deep"),
        ("ti:" * 60 + "x", "nested more than 40 deep"),
        ("a " * 300, "at most 200 words"),
    ],
)
def test_a_wrong_query_says_what_and_where(query: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        parse_query(query)
    assert caught.value.pointer == "?q"


def test_a_query_over_the_limit_is_too_large() -> None:
    with pytest.raises(TooLarge, match="1000000 bytes, over the limit of 2048"):
        parse_query("x" * 1_000_000)


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(['"', "(", ")", "AND", "OR", "NOT", "-", "ti:", "a", " "])).map("".join)
)
def test_any_text_is_a_query_or_an_error(text: str) -> None:
    try:
        node = parse_query(text)
    except InputError:
        return
    assert isinstance(node, Words | Not | All | Either)


@pytest.mark.parametrize(
    ("spaced", "query"),
    [
        ("ti: graph", "ti:graph"),
        ('au: "Smith, J" neural', 'au:"Smith, J" neural'),
        ("Title: Deep nets", "Title:Deep nets"),
        ("abs: (a OR b)", "abs:(a OR b)"),
    ],
)
def test_a_space_after_a_field_counts_for_nothing(spaced: str, query: str) -> None:
    assert parse_query(spaced) == parse_query(query)
