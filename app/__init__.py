"""Quire tokenises text and reads papers, on your own machine."""

__version__ = "0.1.0"
