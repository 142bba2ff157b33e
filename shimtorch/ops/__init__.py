"""The operators: one row each, one file per family. ``_define`` holds the factories that rows call."""
