"""The preview shows what is typed, however much of it comes at once."""

from tests.browser.reader.conftest import OpenReader


def test_a_text_of_many_lines_put_in_at_once_is_not_shown_line_by_line(open_reader: OpenReader) -> None:
    opened = open_reader("/preview?format=markdown")
    opened.settle()
    opened.page.evaluate(
        """() => {
            const output = document.getElementById('output');
            const { get, set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(output), 'source');
            window.shown = 0;
            Object.defineProperty(output, 'source', {
                get,
                set(text) {
                    window.shown += 1;
                    set.call(this, text);
                },
            });
        }"""
    )
    opened.page.fill("#source", "".join(f"Line {number} of $x_{{{number}}}$.\n\n" for number in range(150)))
    opened.page.wait_for_function("() => document.querySelectorAll('#output > p').length === 150")
    assert opened.page.evaluate("window.shown") < 5
    assert "Line 149 of" in (opened.page.locator("#output > p").last.text_content() or "")
