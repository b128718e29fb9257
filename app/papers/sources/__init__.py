"""Where papers come from: a module for each kind of source, and the client and queue that all requests go through.

Each turns what a source gives into `Paper` objects; storing them belongs in `app/papers/intake.py`.
"""
