"""Tests of how the server runs: connections, workers, stopping, several nodes, the daily fetch.

What it answers is tested in `tests/web`.
"""
