"""The command line: ``conformance COMMAND``. A command is one module here, found by being here."""

from __future__ import annotations

import importlib
import pkgutil

from conformance.cli.application import app

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def main() -> None:
    app(prog_name="conformance")
