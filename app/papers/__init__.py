"""Papers: where they come from, where they are kept, how they are found. Knows no web and no settings."""
