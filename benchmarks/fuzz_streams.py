"""Feeds growing texts with anything in any chunks: `python -m benchmarks.fuzz_streams [--texts 20000] [--first 1]`.

A text that ends otherwise than the same text at once is a find, and is printed.
"""

import argparse

from benchmarks.pages import chromium
from tests.browser.math_text.streamed import KINDS, grown_otherwise

AT_ONCE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000, help="of each kind")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    with chromium() as (browser, site):
        page = browser.new_page()
        page.goto(site.page("", ""))
        for kind in KINDS:
            found = 0
            end = options.first + options.texts
            for seed in range(options.first, end, AT_ONCE):
                for text in grown_otherwise(page, kind, seed, min(AT_ONCE, end - seed)):
                    found += 1
                    print(text)
            print(f"{kind}: {found} of {options.texts} texts end otherwise in chunks", flush=True)


if __name__ == "__main__":
    main()
