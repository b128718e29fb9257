"""How the server runs: start, workers, connections, the daily schedule, memory.

What it answers belongs in `app/web`.
"""
