"""`match` as a chain of `if`: each pattern becomes a test of the subject and the names that it binds."""
from __future__ import annotations

from typing import Any

import gast

from .exits_tools import assign, constant, load


def chain(node: Any, subject: str) -> list[Any]:
    """The statements that a `match` stands for."""
    orelse: list[Any] = []
    for case in reversed(node.cases):
        tests, bound = _pattern(case.pattern, load(subject, node), node)
        body = [*(assign(name, value, node) for name, value in bound), *case.body]
        if case.guard is not None:
            body = [*(assign(name, value, node) for name, value in bound), _if(case.guard, case.body, orelse, node)]
        orelse = [_if(_all(tests, node), body, orelse, node)] if tests else body
    return [assign(subject, node.subject, node), *orelse]


def _if(test: Any, body: list[Any], orelse: list[Any], at: Any) -> Any:
    return gast.copy_location(gast.If(test, body, orelse), at)


def _all(tests: list[Any], at: Any) -> Any:
    return tests[0] if len(tests) == 1 else gast.copy_location(gast.BoolOp(gast.And(), tests), at)


def _compare(left: Any, op: Any, right: Any, at: Any) -> Any:
    return gast.copy_location(gast.Compare(left, [op], [right]), at)


def _call(name: str, args: list[Any], at: Any) -> Any:
    return gast.copy_location(gast.Call(load(name, at), args, []), at)


def _item(value: Any, key: Any, at: Any) -> Any:
    return gast.copy_location(gast.Subscript(value, key, gast.Load()), at)


Found = tuple[list[Any], list[tuple[str, Any]]]


def _pattern(p: Any, value: Any, at: Any) -> Found:
    """The tests of a pattern, and what it binds."""
    kind = type(p).__name__
    if kind == "MatchValue":
        return [_compare(value, gast.Eq(), p.value, at)], []
    if kind == "MatchSingleton":
        return [_compare(value, gast.Is(), constant(p.value, at), at)], []
    if kind == "MatchAs":
        tests, bound = _pattern(p.pattern, value, at) if p.pattern is not None else ([], [])
        return tests, [*bound, (p.name, value)] if p.name else bound
    if kind == "MatchOr":
        parts = [_pattern(inner, value, at)[0] for inner in p.patterns]
        if any(not tests for tests in parts):
            return [], []
        return [gast.copy_location(gast.BoolOp(gast.Or(), [_all(tests, at) for tests in parts]), at)], []
    if kind == "MatchSequence":
        return _sequence(p, value, at)
    if kind == "MatchMapping":
        return _mapping(p, value, at)
    return _class(p, value, at)


def _sequence(p: Any, value: Any, at: Any) -> Found:
    if any(type(inner).__name__ == "MatchStar" for inner in p.patterns):
        raise NotImplementedError
    kinds = gast.copy_location(gast.Tuple([load("list", at), load("tuple", at)], gast.Load()), at)
    tests = [_call("isinstance", [value, kinds], at),
             _compare(_call("len", [value], at), gast.Eq(), constant(len(p.patterns), at), at)]
    bound: list[tuple[str, Any]] = []
    for k, inner in enumerate(p.patterns):
        more, names = _pattern(inner, _item(value, constant(k, at), at), at)
        tests, bound = tests + more, bound + names
    return tests, bound


def _mapping(p: Any, value: Any, at: Any) -> Found:
    tests, bound = [_call("isinstance", [value, load("dict", at)], at)], []
    for key, inner in zip(p.keys, p.patterns, strict=True):
        tests.append(_compare(key, gast.In(), value, at))
        more, names = _pattern(inner, _item(value, key, at), at)
        tests, bound = tests + more, bound + names
    return tests, bound


def _class(p: Any, value: Any, at: Any) -> Found:
    tests, bound = [_call("isinstance", [value, p.cls], at)], []
    if p.patterns and not (len(p.patterns) == 1 and getattr(p.cls, "id", "") in ("float", "int", "str", "bool")):
        raise NotImplementedError
    for inner in p.patterns:
        more, names = _pattern(inner, value, at)
        tests, bound = tests + more, bound + names
    for name, inner in zip(p.kwd_attrs, p.kwd_patterns, strict=True):
        attribute = gast.copy_location(gast.Attribute(value, name, gast.Load()), at)
        more, names = _pattern(inner, attribute, at)
        tests, bound = tests + more, bound + names
    return tests, bound

