"""The passes in order: from a reading to the text of the primal, tangent or adjoint program."""
from __future__ import annotations

import operator
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .emit.statements import Notes
from .emit.text import Text, emit_function, safe
from .errors import NOWHERE, NonScalarOutputError
from .forward import forward
from .analysis.summaries import summarise
from .normalise import Out, Reading
from .optimise.branches import dissolved, settle_returns
from .optimise.dead import drop_dead
from .optimise.flat import flatten
from .optimise.inline import inline
from .optimise.names import merge_names, printed_names
from .optimise.rows import fold_rows
from .optimise.share import share
from .outlines import Outline
from .prims import make_dict, make_list, make_tuple
from .program import Apply, Assign, Block, Expr, Lit, Name, Names, Param, Program, Ref, Stmt, base, blocks
from .protect import protect, renamed_block
from .rewrite import rebuilt
from .reverse import Adjoint, reverse
from .reverse.returns import single_return
from .reverse.sweep import split_program
from .runtime import filled, scalar, with_fields
from .trees import structure_facts
from .types import COMPLEX_CHARS, MaybeT, Num, Top, Type, can_be_active

Make = Callable[[tuple[Expr, ...]], Expr]


# ── results ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def compose(out: Out, values: Sequence[Expr]) -> Expr:
    """The result as one expression, from its leaves."""
    if out.index >= 0:
        return values[out.index] if values else Lit(None)
    parts = tuple(compose(p, values) for p in out.parts)
    if out.cls is dict:
        return Apply(make_dict, tuple(e for k, p in zip(out.keys, parts, strict=True) for e in (Lit(k), p)))
    if out.cls in (tuple, list):
        return Apply(make_tuple if out.cls is tuple else make_list, parts)
    if out.keys:
        return Apply(with_fields, (Ref(out.cls, out.cls.__name__),), tuple(zip(out.keys, parts, strict=True)))
    return Apply(out.cls, parts, (), Ref(out.cls, out.cls.__name__))


def with_results(program: Program, make: Make) -> Program:
    """The program with one expression at each `return`, made of its leaves."""
    def block(b: Block) -> Block:
        leaf = b.exit
        if leaf is not None and leaf.kind == "return":
            leaf = replace(leaf, values=(make(leaf.values),))
        return Block(tuple(rebuilt(s, block) if blocks(s) else s for s in b.stmts), leaf)

    return replace(program, body=block(program.body))


# ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def printed(program: Program) -> Program:
    """Out of single assignment, with nested expressions."""
    return merge_names(inline(program, printed_names(program)))


def notes_of(reading: Reading) -> Notes:
    """The comments of the user's text."""
    if reading.source is None:
        return Notes()
    return Notes(reading.lines, reading.source.lines, reading.source.file)


def environment(reading: Reading) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The globals and closure cells of the user's function."""
    fn = reading.callee.function
    if isinstance(fn, types.FunctionType):
        return fn.__globals__, dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    return {"__builtins__": __builtins__}, {}


def write(reading: Reading, program: Program, name: str, beside: Sequence[Text] = ()) -> list[Text]:
    """The text of a program in single assignment, and of the kept functions that it calls; `beside`: texts that go with it."""
    globals, cells = environment(reading)
    program = settle_returns(tidied(program, reading.names))
    shared: dict[str, Any] = {n: v for t in beside for n, v in t.given.items()}
    outline = lone_call(program)
    if outline is not None:
        shared[safe(name)] = outline
        program = with_parameters(settle_returns(tidied(returning(outline), outline.names)), program)
    notes = replace(notes_of(reading), header=not name.endswith("_bwd"))
    texts = [emit_function(printed(program), name, globals, cells, notes, shared)]
    done = {t.name for t in (*texts, *beside)}
    while (todo := [(n, o) for n, o in shared.items() if isinstance(o, Outline) and n not in done]):
        for given, o in todo:
            done.add(given)
            body = printed(settle_returns(tidied(returning(o), o.names)))
            notes = replace(notes_of(reading), header=not o.name.endswith("_bwd"))
            texts.append(emit_function(body, given, globals, cells, notes, shared))
    return texts


def with_parameters(program: Program, like: Program) -> Program:
    """The program with the parameters of another one."""
    to = {p.name: q.name for p, q in zip(program.params, like.params, strict=True)}
    types = {to.get(n, n): t for n, t in program.types.items()}
    return replace(program, params=like.params, body=renamed_block(program.body, to), types=types)


def returning(outline: Outline) -> Program:
    """The program of a kept function, with its leaves as a tuple (or the one)."""
    return with_results(outline.program, lambda v: v[0] if len(v) == 1 else Apply(make_tuple, v) if v else Lit(None))


def lone_call(program: Program) -> Outline | None:
    """The kept function that a program consists of a call of, with its own parameters and nothing else."""
    leaf = program.body.exit
    match program.body.stmts:
        case (Assign(target=row, value=Apply(fn=Outline() as outline, args=args)), *rest) if leaf is not None:
            own = len(args) == len(program.params) and all(
                isinstance(a, Name) and a.id == p.name and p.default is None and p.kind == 1
                for a, p in zip(args, program.params, strict=True))
            value = leaf.values[0] if leaf.values else Lit(None)
            if own and (value == Name(row) if not rest else _is_row(value, row, rest)) and (
                    len(outline.out_types) == max(1, len(rest))):
                return outline
    return None


def _is_row(value: Expr, row: str, rest: list[Stmt]) -> bool:
    """Is the value the tuple of all items of a call's result?"""
    items = [Assign(s.target, Apply(operator.getitem, (Name(row), Lit(k)))) for k, s in enumerate(rest) if isinstance(s, Assign)]
    return items == rest and value == Apply(make_tuple, tuple(Name(s.target) for s in items))


def tidied(program: Program, names: Names) -> Program:
    """Flat, without repetitions and without what nobody needs."""
    return drop_dead(share(fold_rows(drop_dead(flatten(dissolved(program), names)))))


# ── the three programs ────────────────────────────────────────────────────────────────────────────────────────────────


def primal_text(reading: Reading) -> list[Text]:
    """The program that was read, written out again."""
    program = with_results(summarise(reading.program), lambda v: compose(reading.out, v))
    return write(reading, program, reading.program.name)


def inputs_of(reading: Reading, wrt: Sequence[str]) -> dict[str, Any]:
    """The names to differentiate by, with the live arguments."""
    found = {reading.roots[w]: reading.values[w] for w in wrt}
    for name, value in found.items():
        structure_facts(reading.facts, Name(name), value)
    return found


def adjoint_of(reading: Reading, wrt: Sequence[str], seeds: Sequence[Expr | None]) -> Adjoint:
    """The adjoint program, with arguments that are written into copied first."""
    program = protect(share(drop_dead(summarise(reading.program))), reading.outside, reading.names)
    return reverse(program, inputs_of(reading, wrt), seeds, reading.names, reading.out_types)


def gradient_parts(reading: Reading, wrt: Sequence[str], aux: bool) -> tuple[Adjoint, Out, Out | None]:
    """The adjoint program of a scalar function, the structure of its value and that of its auxiliary result."""
    main, rest = split_aux(reading.out, aux)
    check_scalar_type(reading.out_types[main.index] if main.index >= 0 and reading.out_types else None, main)
    seeds: list[Expr | None] = [Lit(1.0) if k == main.index else None
                                for k in range(len(reading.out_types))]
    return adjoint_of(reading, wrt, seeds), main, rest


def gradient_text(reading: Reading, wrt: Sequence[str], value: bool = False, aux: bool = False,
                  single: bool = True) -> list[Text]:
    """The gradient of a scalar function, with its value and auxiliary results if wanted."""
    adjoint, main, rest = gradient_parts(reading, wrt, aux)

    def make(values: tuple[Expr, ...]) -> Expr:
        bars = values[adjoint.values:]
        grads = bars[0] if single else Apply(make_tuple, bars)
        held = values[: adjoint.values]
        if value:
            first = compose(main, held) if rest is None else Apply(make_tuple, (compose(main, held), compose(rest, held)))
            return Apply(make_tuple, (first, grads))
        return grads if rest is None else Apply(make_tuple, (grads, compose(rest, held)))

    program = adjoint.program
    if main.index >= 0 and not is_number_type(reading.out_types[main.index]):
        program = checked(program, main.index, reading)
    kind = "value_and_grad" if value else "grad"
    return write(reading, with_results(program, make), f"{stem_of(reading)}_{kind}")


def split_aux(out: Out, aux: bool) -> tuple[Out, Out | None]:
    """The result proper and the auxiliary one."""
    if not aux:
        return out, None
    if out.cls is not tuple or len(out.parts) != 2:
        raise NonScalarOutputError("with has_aux the function has to return a pair (value, aux)")
    return out.parts[0], out.parts[1]


def is_number_type(t: Type) -> bool:
    """One real number for certain?"""
    return isinstance(t, Num) and t.rank == 0 and bool(t.dtype) and t.dtype not in COMPLEX_CHARS


def check_scalar_type(t: Type | None, out: Out) -> None:
    """Raise for a result that cannot be one real number."""
    if out.index < 0:
        raise NonScalarOutputError(f"the function returned a {out.cls.__name__}, not one real number",
                                   "with an auxiliary result use has_aux=True; for several results use jacobian or vjp")
    inner = t.inner if isinstance(t, MaybeT) else t
    if isinstance(inner, Num) and inner.rank:
        raise NonScalarOutputError("array")
    if isinstance(inner, Num) and inner.dtype and inner.dtype in COMPLEX_CHARS:
        raise NonScalarOutputError("the function returned a complex number, not a real one",
                                   "take its real part, or use jacobian for a holomorphic function, vjp for a cotangent")


def checked(program: Program, index: int, reading: Reading) -> Program:
    """A result of unknown kind is tested when the program runs."""
    leaf = program.body.exit
    assert leaf is not None
    name = reading.names.fresh("%value")
    stmts = (*program.body.stmts, Assign(name, Apply(scalar, (leaf.values[index],))))
    values = tuple(Name(name) if k == index else v for k, v in enumerate(leaf.values))
    return replace(program, body=Block(stmts, replace(leaf, values=values)))


def pullback_programs(reading: Reading, wrt: Sequence[str], aux: bool) -> tuple[Program, Program, Out]:
    """`f_fwd(args) → value, saved` (with auxiliary results between) and `f_bwd(saved, value_bar) → cotangents`."""
    program = protect(share(drop_dead(summarise(reading.program))), reading.outside, reading.names)
    main, rest = split_aux(reading.out, aux)
    seed = reading.names.fresh("%value^bar")
    given = seeds_of(main, Name(seed), reading.out_types)
    split = split_program(program, inputs_of(reading, wrt), {}, reading.names, reading.out_types, given, True)

    def make(values: tuple[Expr, ...]) -> Expr:
        held, saved = values[:-1], values[-1]
        row = (compose(main, held), saved) if rest is None else (compose(main, held), compose(rest, held), saved)
        return Apply(make_tuple, row)

    fwd = with_results(replace(split.program, body=split.forward), make)
    bwd = replace(split.program, params=(Param(split.saved), Param(seed)), body=split.back, origin=NOWHERE)
    return fwd, bwd, main


def pullback_texts(reading: Reading, wrt: Sequence[str], aux: bool = False) -> list[Text]:
    """The texts of both."""
    fwd, bwd, _ = pullback_programs(reading, wrt, aux)
    bwd = with_results(bwd, lambda bars: Apply(make_tuple, bars))
    first = write(reading, fwd, f"{stem_of(reading)}_fwd")
    return first + write(reading, bwd, f"{stem_of(reading)}_bwd", first)


def stem_of(reading: Reading) -> str:
    """The name of the function as it stands in the names of its derivatives."""
    return reading.program.name.rstrip("_") or "f"


def linear_texts(reading: Reading, wrt: Sequence[str], aux: bool = False) -> list[Text]:
    """`f_fwd(args) → value, saved` and `f_lin(saved, zeros like the value, tangents) → tangent of the value`.

    The linear map is the reverse map of the reverse map: it runs nothing of the primal.
    """
    fwd, bwd, main = pullback_programs(reading, wrt, aux)
    names = reading.names
    seed = bwd.params[1].name
    leaf = bwd.body.exit
    assert leaf is not None
    dots = [names.fresh(f"{base(w)}^dot") for w in wrt]
    types = {**bwd.types, seed: Top()}
    example = example_of(main, reading.out_types)
    made = reverse(replace(bwd, types=types), {seed: example}, list(map(Name, dots)), names, (Top(),) * len(wrt))
    program = with_results(replace(made.program, params=(*bwd.params, *map(Param, dots))), lambda v: v[len(wrt)])
    first = write(reading, fwd, f"{stem_of(reading)}_fwd")
    return first + write(reading, program, f"{stem_of(reading)}_lin", first)


def example_of(out: Out, types: Sequence[Type]) -> Any:
    """A value of the structure of a result, with a number for each active leaf."""
    if out.index >= 0:
        return 1.0 if can_be_active(types[out.index]) else None
    parts = [example_of(p, types) for p in out.parts]
    if out.cls is dict:
        return dict(zip(out.keys, parts, strict=True))
    if out.keys:
        return filled(out.cls, dict(zip(out.keys, parts, strict=True)))
    return out.cls(parts) if out.cls in (tuple, list) else out.cls(*parts)


def seeds_of(out: Out, bar: Expr, types: Sequence[Type]) -> list[Expr | None]:
    """The cotangent of each leaf of a result, found in that of the whole."""
    found: list[Expr | None] = [None] * len(types)

    def go(part: Out, expr: Expr) -> None:
        if part.index >= 0:
            found[part.index] = expr if can_be_active(types[part.index]) else None
            return
        attribute = part.keys and part.cls is not dict
        keys = part.keys or range(len(part.parts))
        for key, inner in zip(keys, part.parts, strict=True):
            go(inner, Apply(getattr if attribute else operator.getitem, (expr, Lit(key))))

    go(out, bar)
    return found


def single_exit(reading: Reading) -> Reading:
    """The reading with one `return`, at the end of the program."""
    return replace(reading, program=single_return(reading.program, reading.names, reading.out_types))


def tangent_parts(reading: Reading, wrt: Sequence[str]) -> tuple[Program, dict[str, str]]:
    """The tangent program; each input with the name of its tangent, which is a further parameter."""
    program = protect(share(drop_dead(summarise(reading.program))), reading.outside, reading.names)
    inputs = inputs_of(reading, wrt)
    taken = {p.name for p in program.params}
    seeds = {name: unused_name(f"{base(w)}_dot", taken) for name, w in zip(inputs, wrt, strict=True)}
    return forward(program, seeds, reading.names)[0], seeds


def tangent_text(reading: Reading, wrt: Sequence[str], aux: bool = False) -> list[Text]:
    """The value and the tangent; the tangents of the arguments are further parameters."""
    program, seeds = tangent_parts(reading, wrt)
    count = len(reading.out_types)
    main, rest = split_aux(reading.out, aux)

    def make(values: tuple[Expr, ...]) -> Expr:
        held, dots = values[:count], values[count:]
        dots = tuple(d if can_be_active(t) else Lit(None) for d, t in zip(dots, reading.out_types, strict=True))
        row = (compose(main, held), compose(main, dots))
        return Apply(make_tuple, row if rest is None else (*row, compose(rest, held)))

    plain = all(p.kind in (0, 1) and p.default is None for p in program.params)
    params = (*program.params, *(Param(d, 1 if plain else 3) for d in seeds.values()))
    order = [p for p in params if p.kind != 4] + [p for p in params if p.kind == 4]
    return write(reading, with_results(replace(program, params=tuple(order)), make), f"{stem_of(reading)}_jvp")


def unused_name(stem: str, taken: set[str]) -> str:
    """A name that the function's parameters leave free."""
    while stem in taken:
        stem += "_"
    taken.add(stem)
    return stem
