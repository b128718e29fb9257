"""The commands under `quire`, a module for each noun. They read options, call the library and print."""
