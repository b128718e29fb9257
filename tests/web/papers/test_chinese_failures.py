"""What goes wrong is said in Chinese on a Chinese page, whole, with the part that is wrong; to programs in English."""

import html
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.asking.chat_server import Reply, chat_server
from tests.asking.event_streams import ask
from tests.papers.sources.arxiv_server import arxiv
from tests.server import PATIENCE, serving

ENGLISH = re.compile(r"[A-Za-z']+(?:[ ,;]+[A-Za-z']+){2,}")
"""Three English words that follow each other."""

PAGES = {
    '/search?q=kernel "random walk': ("引号", 'kernel "random walk', 422),
    "/search?q=(kernel": ("括号", "(kernel", 422),
    "/search?q=kernel)": ("右括号", ")", 422),
    "/search?q=kernel AND": ("缺少一个词", "", 422),
    "/search?q=OR kernel": ("“OR”前面", "OR kernel", 422),
    "/search?q=id:nonsense": ("编号", "nonsense", 422),
    "/search?q=...": ("只有符号", "", 422),
    "/search?q=kernel&categories=cs.XX": ("没有类别", "cs.XX", 422),
    "/search?q=kernel&categories=cs.CLL": ("cs.CL", "cs.CLL", 422),
    "/search?q=kernel&since=yesterday": ("不是日期", "yesterday", 422),
    "/search?q=kernel&since=2026-02-30": ("日历", "2026-02-30", 422),
    "/search?q=kernel&since=2026-02-02&until=2026-01-01": ("晚于", "2026-02-02", 422),
    "/search?q=kernel&cursor=nonsense": ("游标", "", 422),
    "/search?q=kernel&limit=0": ("不小于 1", "limit", 422),
    "/search?q=kernel&start=first": ("数字", "start", 422),
    "/search?q=kernel&sort=beauty": ("只能是", "sort", 422),
    "/search?q=kernel&by=meaning": ("语义", "", 501),
    f"/search?q={'long ' * 700}": ("字节", "", 413),
    "/arxiv/cs.AI+nonsense": ("没有类别", "nonsense", 422),
    "/arxiv/cs.AI?date=tomorrow": ("不是日期", "tomorrow", 422),
    "/arxiv/cs.AI?date=2026-01-01&since=2026-01-01": ("一段日期", "", 422),
    "/arxiv/cs.AI?cursor=x": ("游标", "", 422),
    "/arxiv/cs.AI?sort=relevance": ("相关度", "", 422),
    "/arxiv/2401.1234567": ("编号", "2401.1234567", 404),
    "/arxiv/2401.99999": ("还没有", "2401.99999", 404),
    f"/arxiv/{','.join(f'2401.{n:05}' for n in range(201))}": ("201", "", 422),
    "/nowhere/at/all": ("没有任何内容", "/nowhere/at/all", 404),
    "/tokenizer?model=nonsense": ("没有模型", "nonsense", 404),
    "/tokenizer?alpha=100": ("不大于 10", "alpha", 422),
    "/tokenizer?sample=perhaps": ("true", "sample", 422),
    "/arxiv/cs.AI/calendar?month=May": ("月份", "May", 422),
    "/arxiv/2401.12345/calendar": ("日历", "", 404),
}
"""Addresses, with words that the page should say, the part that is wrong, and the status."""


@pytest.fixture(scope="module")
def chinese(library_address: str) -> Iterator[httpx.Client]:
    headers = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9,en;q=0.5"}
    with httpx.Client(base_url=library_address, headers=headers, timeout=PATIENCE, trust_env=False) as client:
        yield client


def text_of(fragment: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", fragment)).split())


def failure_on(page: str) -> str:
    """The text of what a page says of a failure, without its request's id."""
    main = re.search(r'<main.*?<p class="quiet">', page, re.DOTALL)
    found = re.search(r'class="failure".*?<p class="quiet">', page, re.DOTALL) or main
    assert found, page
    without_commands = re.sub(r"<(code|pre)\b.*?</\1>", " ", found[0], flags=re.DOTALL)
    return text_of(without_commands.partition(">")[2])


def is_chinese(said: str) -> bool:
    """Whether a text is Chinese but for names and what it quotes."""
    rest = re.sub(r"“[^”]*”|`[^`]*`|'[^']*'", "", said)
    return re.search("[一-鿿]", rest) is not None and ENGLISH.search(rest) is None


@pytest.mark.parametrize("address", PAGES)
def test_a_page_says_in_chinese_what_is_wrong_with_which_part(chinese: httpx.Client, address: str) -> None:
    words, wrong, status = PAGES[address]
    page = chinese.get(quote(address, safe="/?&=+,"))
    assert page.status_code == status
    said = failure_on(page.text)
    assert is_chinese(said), said
    assert words in said
    assert wrong in text_of(page.text) or wrong in html.unescape(page.text)


@pytest.mark.parametrize("address", PAGES)
def test_a_program_gets_the_same_english_whatever_it_accepts(chinese: httpx.Client, address: str) -> None:
    path = quote(address, safe="/?&=+,")
    with_chinese = chinese.get(path, headers={"accept": "application/json"})
    english = chinese.get(path, headers={"accept": "application/json", "accept-language": "en"})
    if "problem+json" not in english.headers["content-type"]:
        pytest.skip("a page alone")
    assert with_chinese.json()["detail"] == english.json()["detail"]
    assert not re.search("[一-鿿]", english.json()["detail"])
    assert is_chinese(english.json()["translations"]["zh"])
    without = httpx.get(english.url, headers={"accept": "application/json"}, trust_env=False)
    assert "translations" not in without.json()


def test_other_pages_refuse_in_chinese(tmp_path: Path) -> None:
    headers = {"accept": "text/html", "accept-language": "zh"}
    settings = {"RATE_LIMIT": "4", "RATE_SECONDS": "3600", "KEYS_REQUIRED": "tokenise"}
    with (
        serving(tmp_path, settings=settings) as address,
        httpx.Client(base_url=address, headers=headers, timeout=PATIENCE, trust_env=False) as client,
    ):
        answers = [
            client.get("/tokenizer"),
            client.get("/tokenizer", headers={"x-api-key": "none"}),
            client.request("PUT", "/search"),
            client.get(f"/search?q={'x' * 65_200}"),
            client.get("/search"),
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 405, 414, 429]
    for answer in answers:
        said = failure_on(answer.text)
        assert is_chinese(said), said


def test_what_is_for_operators_is_not_explained_to_readers_in_english(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as address,
        httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client,
    ):
        shutil.rmtree(tmp_path / "index")
        page = client.get("/search?q=kernel", headers={"accept": "text/html", "accept-language": "zh"})
    assert page.status_code == 503
    assert is_chinese(failure_on(page.text)), failure_on(page.text)


def over(client: httpx.Client, address: str) -> dict[str, object]:
    """What a fetch or the reading of a file has come to."""
    deadline = time.monotonic() + PATIENCE
    while (told := client.get(address).raise_for_status().json())["state"] in ("running", "reading"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(told)


def test_scripts_get_the_chinese_of_what_they_show(tmp_path: Path) -> None:
    """What a fetch, a file and a question come to reaches the page by scripts, and through other processes."""
    with arxiv() as gone:
        there = {f"ARXIV_{name.upper()}": getattr(gone.addresses, name) for name in ("api", "oai", "feeds")}
    with chat_server() as model:
        model.reply = lambda _: Reply(
            [b'{"error": {"message": "no such thing as this"}}'], 400, {"content-type": "application/json"}
        )
        asking = {"CHAT_URL": model.url, "CHAT_MODEL": "m-1", "ASK_PER_DAY": "1"}
        with (
            serving(tmp_path, "--workers", "2", settings=there | asking) as address,
            httpx.Client(
                base_url=address, timeout=PATIENCE, trust_env=False, headers={"accept-language": "zh"}
            ) as client,
        ):
            begun = client.post("/api/v1/fetches", json={"categories": ["cs.CL"]})
            fetched = over(client, f"/api/v1/fetches/{begun.json()['id']}")
            brought = client.post("/api/v1/files", params={"name": "x"}, content=b"\x1f\x8bno gzip")
            file = over(client, f"/api/v1/files/{brought.json()['file']}")
            name, _, failed = ask(address, name="summary")[-1]
            # Two workers: one of them has the desk, and the other asks it by a socket.
            refused = [
                client.post("/api/v1/papers/quire/0001/ask", json={"name": "method"}) for _ in range(6)
            ]
            missing = client.post("/api/v1/papers/2401.99999/ask", json={"name": "summary"})
    assert "can't be reached" in str(fetched["said"])
    assert "无法连接" in fetched["translations"]["zh"]  # type: ignore[index]
    assert file["reason"] == "the file is packed with gzip, but damaged"
    assert file["translations"] == {"zh": "这个 gzip 文件已损坏。"}
    assert "2401.99999" in missing.json()["translations"]["zh"]
    assert name == "failed"
    assert failed["translations"]["zh"] == "模型的服务器拒绝了请求（状态 400）：“no such thing as this”。"
    assert {answer.status_code for answer in refused} == {429}
    for answer in refused:
        assert "一天最多可提 1 个问题" in answer.json()["translations"]["zh"]
