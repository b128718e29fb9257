"""Tests of HTTP: the contract, parameters, memory, operations, against a real server over a socket.

What needs no request is tested where the libraries are.
"""
