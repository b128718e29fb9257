"""How the server runs: its start, its workers, their connections, and processes beside it such as the daily fetch.

What it answers belongs in `app/web`.
"""
