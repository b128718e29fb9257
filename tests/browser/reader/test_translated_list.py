"""An endless list of the real site under translation: page after page, all prose and no formula."""

from tests.browser.math_text.test_translation import OWN
from tests.browser.reader.conftest import ALL, OpenReader

# What is wrong with the page: formulas and sources that a translation has reached, texts whose prose it has not.
WRONG = r"""() => {
    const marked = /[‹›]/, wrong = [];
    for (const span of document.querySelectorAll('span.math'))
        if (marked.test(span.outerHTML) || !span.querySelector('mjx-container')) wrong.push(span.outerHTML);
    for (const text of document.querySelectorAll('math-text')) {
        const prose = text.cloneNode(true);
        for (const span of prose.querySelectorAll('span.math')) span.remove();
        const words = prose.textContent.match(/\p{L}+/gu) ?? [];
        const translated = prose.textContent.match(/‹\p{L}+/gu) ?? [];
        if (marked.test(text.source) || words.length !== translated.length) wrong.push(prose.textContent);
    }
    return wrong;
}"""


def test_a_list_that_is_read_to_its_end_while_the_page_is_translated(open_reader: OpenReader) -> None:
    opened = open_reader("/healthz")
    opened.page.add_init_script(OWN.read_text())
    opened.page.goto(opened.address + ALL)
    opened.page.evaluate("window.__translate.start()")
    papers = "document.querySelectorAll('article.paper').length"
    for count in (25, 50, 72):
        opened.page.wait_for_function(f"() => {papers} >= {count}")
        opened.page.evaluate("() => document.querySelector('article.paper:last-of-type').scrollIntoView()")
    opened.typeset_all()
    opened.page.evaluate("window.__translate.idle(400)")
    assert opened.page.evaluate(f"() => {papers}") == 72
    assert opened.page.locator("span.math").count() > 144
    assert opened.page.evaluate("window.__translate.stats().inMath") == 0
    assert opened.page.evaluate(WRONG) == []
