"""Papers: where they come from, where they are kept, how they are found, and how they are cited.

Nothing here knows HTTP, settings or tokenizers; models that answer questions belong in `app/asking`.
"""
