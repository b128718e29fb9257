"""Tests of the layers before the routes: keys, rates, proxies, logs, traces.

Bounds of connections are tested in `tests/serving`.
"""
