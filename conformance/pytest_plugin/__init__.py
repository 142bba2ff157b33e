"""``pytest --conformance docs/``: documents are collected as files of tests, their snippets as the tests.

Without the option this is a few words of ``pytest --help``: nothing is collected, and nothing of conformance imported.
"""

from __future__ import annotations

import pytest

REFERENCES = ("auto", "recorded", "torch")
ERRATA = ("fail", "warn")

_OPTIONS = {
    "reference": ("what documents are compared with: PyTorch's recorded answers, PyTorch, or what is there", "auto"),
    "subject": ("the module to judge, or a file that is an adapter", "shimtorch"),
    "recordings": ("the folder of recordings, as `conformance record --recordings` writes it", ""),
    "timeout": ("the time limit of each snippet, in seconds", ""),
    "errata": ("what an output is that both sides agree not to print: a failure, or a warning", "fail"),
}
_METAVARS = {
    "reference": "|".join(REFERENCES),
    "subject": "MODULE",
    "recordings": "FOLDER",
    "timeout": "SECONDS",
    "errata": "|".join(ERRATA),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "documents that use PyTorch")
    group.addoption("--conformance", action="store_true", help="collect documents, and judge what is in them")
    for name, (text, default) in _OPTIONS.items():
        told = f"{text} (default: {default})" if default else text
        group.addoption(f"--conformance-{name}", metavar=_METAVARS[name], help=told)
        parser.addini(f"conformance_{name}", f"the same as --conformance-{name}: {text}", default=default)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("conformance"):
        from conformance.pytest_plugin.collection import Documents

        config.pluginmanager.register(Documents(config), "conformance documents")
