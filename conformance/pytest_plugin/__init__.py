"""``pytest --conformance docs/``: documents are collected as files of tests, their snippets as the tests.

Without the option this is a few words of ``pytest --help``: nothing is collected, and nothing of conformance imported.
"""

from __future__ import annotations

import pytest

REFERENCES = ("auto", "recorded", "torch")
ERRATA = ("fail", "warn")

_OPTIONS = {  # metavar, help, default
    "reference": ("|".join(REFERENCES), "PyTorch's recorded answers, PyTorch, or whichever is there first", "auto"),
    "subject": ("MODULE", "the module to judge, or a file that is an adapter", "shimtorch"),
    "recordings": ("FOLDER", "the folder of recordings, as `conformance record --recordings` writes it", ""),
    "timeout": ("SECONDS", "the time limit of each snippet", ""),
    "errata": ("|".join(ERRATA), "what becomes of an output that both sides agree not to print", "fail"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "documents that use PyTorch")
    group.addoption("--conformance", action="store_true", help="collect documents, and judge what is in them")
    for name, (metavar, text, default) in _OPTIONS.items():
        told = f"{text} (default: {default})" if default else text
        group.addoption(f"--conformance-{name}", metavar=metavar, help=told)
        parser.addini(f"conformance_{name}", f"as --conformance-{name}: {text}", default=default)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("conformance"):
        from conformance.pytest_plugin.collection import Documents

        config.pluginmanager.register(Documents(config), "conformance documents")
