"""The comments of a stretch of lines."""
from __future__ import annotations

import io
import tokenize
from collections.abc import Mapping


def comments_of(lines: list[str], first: int, last: int) -> Mapping[int, str]:
    """Line (1-based) → comment text with `#`, for the lines `first` to `last`."""
    text = "".join(lines[first - 1: last])
    found: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0] + first - 1] = token.string
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass  # a stretch that does not stand alone; what was found up to there is kept
    return found
