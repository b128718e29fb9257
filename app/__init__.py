"""Quire tokenises text and reads papers, on your own machine.

The modules here are the two entry points (`main`, `cli`), the settings, and what every folder may import; anything
that belongs to tokens, papers, questions or HTTP has a folder of its own.
"""

__version__ = "0.1.0"
