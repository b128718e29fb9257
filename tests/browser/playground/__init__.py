"""Tests of the playground's page in a browser.

Its pure functions are tested in `tests/js/playground`, its first sight without script in `tests/web/tokenizer`.
"""
