"""Tests of arXiv's protocols and of the polite client, against a server on loopback that speaks them.

No test asks another host.
"""
