"""Showing a report: ``model`` is the data, documented in README.md; every other module here only renders it."""
