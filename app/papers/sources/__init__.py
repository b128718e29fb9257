"""Where papers come from: each module turns one kind of source into `Paper` objects."""
