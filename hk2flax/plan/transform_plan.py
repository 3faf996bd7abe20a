"""What is decided about the transforms of a project."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from hk2flax.project.index import File
from hk2flax.project.scopes import Function


@dataclass(eq=False)
class NativeTransform:
    """A transform that disappears.

    function: what was transformed. construction: the module it builds and calls, when it does
    nothing else; else None, and the function becomes a module class called `class_name`.
    statement: the assignment. takes_state, takes_rng: what `apply` takes after the parameters.
    methods: for a multi_transform, the method that each unpacked name stands for. may_be_empty:
    nothing that makes parameters is seen, so that linen's variables may lack `params`.
    """

    file: File
    function: Function
    statement: ast.Assign
    target: str
    takes_state: bool
    takes_rng: bool
    draws: bool
    construction: ast.Call | None = None
    class_name: str = ""
    unpacking: ast.Assign | None = None
    may_be_empty: bool = False


@dataclass(frozen=True)
class Site:
    """A call of `init` or `apply`; `method` is set where it is not `__call__`."""

    transform: NativeTransform
    kind: str
    method: str = ""


@dataclass
class TransformPlan:
    """All native transforms, by what is edited: functions, assignments and calls.

    wrapped: transforms that keep Haiku's calling convention, of functions that only build and call
    one module: the helper takes that module (and, for a multi_transform, its methods). removed:
    functions that nothing uses any more.
    """

    functions: dict[ast.AST, NativeTransform] = field(default_factory=dict)
    statements: dict[ast.AST, NativeTransform] = field(default_factory=dict)
    calls: dict[ast.AST, NativeTransform] = field(default_factory=dict)
    sites: dict[ast.AST, Site] = field(default_factory=dict)
    unpackings: set[ast.AST] = field(default_factory=set)
    wrapped: dict[ast.AST, ast.Call] = field(default_factory=dict)
    wrapped_methods: dict[ast.AST, list[str]] = field(default_factory=dict)
    wrapped_classes: dict[ast.AST, str] = field(default_factory=dict)
    removed: set[ast.AST] = field(default_factory=set)
