"""Tests that a real Chromium runs: what a reader sees, presses and hears, as the server and the scripts make it.

What needs no page is tested in `tests/js` and `tests/math-text`.
"""
