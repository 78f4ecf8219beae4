"""Every exception of Tangentry: what is wrong, where (file, line, source text, caret) and what to do about it."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The place in the user's source that a statement or an expression came from.

    `line` is the user's line (1-based), `text` that line as written, `column` and `end` the marked part of it
    (0-based), `statement` the first line of the whole statement, which groups what one statement became; `role` is
    `reverse` or `tangent` where a line was added for it.
    """

    file: str = "<unknown>"
    line: int = 0
    column: int = 0
    end: int = 0
    text: str = ""
    statement: int = 0
    function: str = ""
    role: str = ""

    def show(self) -> str:
        """`file:line`, the line itself and a caret under the part that is meant."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        if not self.text:
            return where
        indent = len(self.text) - len(self.text.lstrip())
        width = max(1, self.end - self.column)
        caret = " " * max(0, self.column - indent) + "^" * width
        return f"{where}\n    {self.text.strip()}\n    {caret[: max(len(self.text.strip()), 1)]}"


NOWHERE = Origin()


class TangentryError(Exception):
    """Base of all errors; `problem` says what is wrong, `remedy` what to do, `origin` where."""

    def __init__(self, problem: str, remedy: str = "", origin: Origin | None = None) -> None:
        self.problem, self.remedy, self.origin = problem, remedy, origin
        super().__init__(problem)

    def __str__(self) -> str:
        parts = [self.problem]
        if self.origin is not None and self.origin.line:
            parts.append("  " + self.origin.show().replace("\n", "\n  "))
        if self.remedy:
            parts.append("To do: " + self.remedy)
        return "\n".join(parts)

    def __reduce__(self) -> tuple[type[TangentryError], tuple[str, str, Origin | None]]:
        return type(self), (self.problem, self.remedy, self.origin)


class SourceError(TangentryError):
    """No source can be found for a function, or the file no longer matches the running code."""


class UnsupportedSyntaxError(TangentryError):
    """A construct that is not differentiated; raised when the program is transformed, never while it runs."""


class MissingRuleError(TangentryError):
    """A function with neither Python source nor derivative rule was given something to differentiate."""


class NonScalarOutputError(TangentryError, TypeError):
    """`grad` of a function whose result is not one real number."""


class ArgumentError(TangentryError, TypeError):
    """Not callable, an argument number that does not exist, or an argument that cannot be differentiated."""


class StaleTransformError(TangentryError):
    """A global, callee or type that the generated program relies on changed in a way that cannot be followed."""
