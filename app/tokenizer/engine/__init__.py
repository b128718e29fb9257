"""Turning bytes into ids: the automaton of a vocabulary, the kernels over it, and their machine code.

It knows bytes and ids; texts, spans and files belong one folder up.
"""
