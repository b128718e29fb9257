"""Tests of the commands as they are typed, each in a process: what they print, write and end with.

What they compute is tested where the libraries are.
"""
