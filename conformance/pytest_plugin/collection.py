"""What is collected under ``--conformance``, and how it ends.

A document is a ``pytest.File``, each of its snippets an item. The first item that is run has the whole document judged,
in processes of its own, as by ``conformance run``; each item then tells what was found in its snippet.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.compare.known_gaps import UnreadableGaps, read_gaps
from conformance.documents import Document, NothingToRun, Snippet, UnreadableDocument, is_sought, suffixes
from conformance.pytest_plugin import ERRATA, REFERENCES
from conformance.recordings.reference import Choice
from conformance.recordings.store import SHIPPED
from conformance.reports.model import Document as Judged
from conformance.reports.plain import told_differences, told_erratum
from conformance.reports.visible import visible
from conformance.runners.imports import importable
from conformance.runners.protocol import Limits
from conformance.suites.documents import Settings, judge_document

_NEVER = {"__init__.py", "conftest.py"}
_WHOLE = "the document"


class DocumentErratum(pytest.PytestWarning):
    """A documented output that is not what both implementations print, under ``--conformance-errata warn``."""


class Documents:
    """The hooks of a run with ``--conformance``."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises UsageError."""
        self.errata_fail = _one_of(ERRATA, "errata", config) == "fail"
        timeout = _option("timeout", config)
        try:
            limits = Limits(timeout=float(timeout)) if timeout else Limits()
        except ValueError:
            raise pytest.UsageError(f"--conformance-timeout: not a number of seconds: {timeout}") from None
        if not limits.timeout > 0:
            raise pytest.UsageError(f"--conformance-timeout: not above 0: {timeout}")
        try:
            subject, gaps = importable(_option("subject", config)), read_gaps()
        except (FileNotFoundError, UnreadableGaps) as problem:
            raise pytest.UsageError(str(problem)) from None
        choice = Choice(_one_of(REFERENCES, "reference", config))
        self.settings = Settings(subject, choice, _recordings(config), limits, gaps)

    def pytest_report_header(self) -> str:
        settings = self.settings
        return f"conformance: {settings.subject}, reference: {settings.reference}, recordings: {settings.recordings}"

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        named = parent.session.isinitpath(file_path)
        if file_path.suffix == ".py":  # where one is named, pytest makes a module of it: see below
            wanted = not named and not _is_test(file_path, parent.config) and is_sought(file_path)
        else:
            wanted = file_path.suffix.lower() in suffixes() if named else is_sought(file_path)
        hidden = file_path.name.startswith(".") and not named
        return self._file(file_path, parent) if wanted and not hidden else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> Any:
        """In place of the module of tests that pytest makes of any Python file that is named."""
        return None if _is_test(module_path, parent.config) else self._file(module_path, parent)

    def _file(self, path: Path, parent: pytest.Collector) -> DocumentFile:
        file: DocumentFile = DocumentFile.from_parent(parent, path=path)
        file.documents = self
        return file


class DocumentFile(pytest.File):
    documents: Documents
    document: Document

    @cached_property
    def shown(self) -> str:
        """Its path, as a reader of the report would type it."""
        path = os.path.relpath(self.path, self.config.invocation_params.dir)
        return str(self.path) if path.startswith("..") else path

    def collect(self) -> Iterable[pytest.Item]:
        """Its snippets. What makes it unreadable is told by an item, since an error here would end the whole run."""
        try:
            self.document = self.documents.settings.read(self.path)
        except NothingToRun as problem:
            # Of a folder, many a page has no code.
            return [self._unreadable(problem)] if self.session.isinitpath(self.path) else []
        except UnreadableDocument as problem:
            return [self._unreadable(problem)]
        return list(self._snippets())

    def _unreadable(self, problem: UnreadableDocument) -> pytest.Item:
        place = f"{self.shown}:{problem.line}" if problem.line else self.shown
        return UnreadableItem.from_parent(self, name=_WHOLE, problem=f"{place}: {problem.reason}")

    def _snippets(self) -> Iterator[pytest.Item]:
        met = Counter[str]()
        for index, snippet in enumerate(self.document.snippets):
            name = _name(snippet.label)
            met[name] += 1
            number = f"{met[name]}. " if met[name] > 1 else ""
            yield SnippetItem.from_parent(self, name=number + name, index=index, snippet=snippet)

    @cached_property
    def judged(self) -> Judged:
        return judge_document(Path(self.shown), self.document, self.documents.settings)


class UnreadableItem(pytest.Item):
    def __init__(self, *, problem: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.problem = problem

    def setup(self) -> None:
        _fail(self.problem)

    def runtest(self) -> None:
        """Never comes to that."""

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


class SnippetItem(pytest.Item):
    parent: DocumentFile

    def __init__(self, *, index: int, snippet: Snippet, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.index, self.line = index, snippet.line
        if snippet.skip:
            self.add_marker(pytest.mark.skip(reason=snippet.skip))

    def setup(self) -> None:
        if self.parent.judged.problem is not None:
            _fail(self.parent.judged.problem)

    def runtest(self) -> None:
        judged, documents = self.parent.judged, self.parent.documents
        snippet = judged.snippets[self.index]
        differences = told_differences(judged, snippet, documents.settings.subject)
        erratum = told_erratum(judged, snippet)
        if erratum and not documents.errata_fail:
            self.warn(DocumentErratum(erratum))
            erratum = None
        if told := "\n\n".join(filter(None, (differences, erratum))):
            _fail(told)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line - 1, f"{self.parent.shown}: {self.name}"


def _name(label: str) -> str:
    """A label as a part of a node's id, where ``::`` and brackets other than at the end have a meaning of their own."""
    name = visible(label).replace("::", ":")
    return name if re.fullmatch(r"[^][]*(\[[^][]*\])?", name) else name.translate(str.maketrans("[]", "()"))


def _fail(text: str) -> NoReturn:
    pytest.fail(visible(text, limit=100_000), pytrace=False)


def _is_test(file: Path, config: pytest.Config) -> bool:
    """Whether pytest takes a Python file for tests by its name, or for something of its own."""
    return file.name in _NEVER or any(map(file.match, config.getini("python_files")))


def _option(name: str, config: pytest.Config) -> str:
    given = config.getoption(f"conformance_{name}")
    return str(config.getini(f"conformance_{name}") if given is None else given)


def _one_of(known: Iterable[str], name: str, config: pytest.Config) -> str:
    given = _option(name, config)
    if given not in known:
        raise pytest.UsageError(f"--conformance-{name}: {given!r} is not one of {', '.join(known)}")
    return given


def _recordings(config: pytest.Config) -> Path:
    """The folder of the option, as seen from where pytest was started, or that of the ini file, as seen from there."""
    given = config.getoption("conformance_recordings")
    if given is not None:
        return config.invocation_params.dir / str(given)
    folder = str(config.getini("conformance_recordings"))
    return (config.inipath.parent if config.inipath else config.rootpath) / folder if folder else SHIPPED
