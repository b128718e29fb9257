"""Tests of training: each stage against `reference.py`, whole files against those that bytepiece wrote.

How long training takes is measured in `benchmarks`.
"""
