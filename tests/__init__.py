"""Tests, in the folders of what they test; `browser` runs them in a Chromium, `js` and `math-text` in Node.

The modules here without `test_` are what tests of several folders share. Figures and loads belong in `benchmarks`.
"""
