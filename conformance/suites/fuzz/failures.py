"""Programs that differ: how they are told, told apart, and written down as documents."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.suites.fuzz.comparing import Difference
from conformance.suites.fuzz.programs import Program

REGRESSIONS = Path(__file__).parents[2] / "regressions"

_CLASS = re.compile(r"\(?'?(?:nothing$|\w*(?:Error|Warning)\b)")
_PARTICULAR = re.compile(r"<[^<>]*>|'[^']*'|\b[a-z]{1,2}\b|[\d.]+(e[+-]?\d+)?|\[[^\[\]]*\]")
_OPERATION = re.compile(r"\w+(?=\()| [-+*/@]=? |(?<=\.)grad\b")


@dataclass(frozen=True)
class Failure:
    """A program that differs, made as small as could be."""

    program: Program
    difference: Difference

    @property
    def name(self) -> str:
        """Made of what the failure is, so that it is the same wherever it is found."""
        called = re.findall(r"([a-z]\w+)\(", "\n".join(self.program.statements))
        words = [word.strip("_") for word in dict.fromkeys(called) if word not in ("tensor", "ones", "zeros")]
        digest = hashlib.sha256(f"{self.program}{self.program.watched}".encode()).hexdigest()[:6]
        return "-".join([*words[-3:], self.difference.sort.strip("_"), digest])

    def told(self) -> str:
        """A snippet that runs, and what either side has to show for it."""
        lines = ["import torch", "torch.manual_seed(0)", *self.program.statements]
        difference = self.difference
        when = f"after statement {difference.statement + 1}" if self.program.watched else "at the end"
        return "\n".join(
            [*lines, "", f"{difference.where}, {when}:", *_beside(difference.subject, difference.reference), ""]
        )

    def document(self) -> str:
        """A document in Markdown, for ``conformance run``. What documents do not show of a name is printed."""
        blocks = list(self.program.statements)
        name, aspect = self.difference.where.split()[0], self.difference.sort
        if aspect in ("_version", "retains_grad", "output_nr"):
            blocks.append(f"print({name}.{aspect})")
        code = "\n\n".join(f"```python\n{block}\n```" for block in ["import torch", *blocks])
        title = f"# {self.difference.where}: `{self.program.statements[-1].splitlines()[0]}`"
        return f"{title}\n\n<!-- conformance: seed 0 -->\n\n{code}\n"


def save(failure: Failure, folder: Path = REGRESSIONS) -> Path:
    """Write the failure down as a document; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{failure.name}.md"
    file.write_text(failure.document(), encoding="utf-8")
    return file


def sort_of(found: Difference) -> str:
    """What makes two differences the same while one of them is shrunk."""
    return " | ".join([found.sort, *(_beginning(text) for text in (found.subject, found.reference))])


def _beginning(text: str) -> str:
    """The class of an exception or warning and its first words, without what is particular; nothing for other texts."""
    class_ = _CLASS.match(text)
    return " ".join([class_[0], *_PARTICULAR.sub("_", text[class_.end() :]).split()[:5]]) if class_ else ""


def mark_of(failure: Failure) -> str:
    """What makes two failures the same: for exceptions their texts, else the operation after which it shows."""
    found = failure.difference
    if found.where == "raised":
        return sort_of(found)
    operations = _OPERATION.findall(failure.program.statements[-1]) or [failure.program.statements[-1]]
    return f"{sort_of(found)} after {operations[-1] if operations[-1] != 'sum' else operations[0]}"


def _beside(ours: str, theirs: str, width: int = 58) -> Iterator[str]:
    """Two texts side by side, "subject" and "reference"."""
    columns = [[title, *_wrapped(text, width)] for title, text in (("subject", ours), ("reference", theirs))]
    height = max(map(len, columns))
    left, right = [column + [""] * (height - len(column)) for column in columns]
    return (f"  {our:<{width}} | {their}".rstrip() for our, their in zip(left, right, strict=True))


def _wrapped(text: str, width: int) -> list[str]:
    lines = text.splitlines() or [""]
    return [line[place : place + width] for line in lines for place in range(0, max(1, len(line)), width)]
