"""Tests of the automaton, its kernels and their machine code.

They know bytes and ids; texts and spans are tested one folder up.
"""
