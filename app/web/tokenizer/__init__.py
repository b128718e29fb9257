"""The tokenizer over HTTP: the API, other servers' dialects and the playground.

What is not HTTP belongs in `app/tokenizer`.
"""
