"""The calls of `init` and `apply` of a transform, if they are all that is done with it."""

from __future__ import annotations

import ast

from hk2flax.plan.reserved import CALL_ARGUMENTS
from hk2flax.plan.transform_plan import NativeTransform, Site
from hk2flax.plan.transform_shapes import is_none, pair_target
from hk2flax.project.scopes import FUNCTIONS, Binding, Names

_REPORTS = ("haiku.experimental.tabulate", "haiku.experimental.eval_summary")


def call_sites(transform: NativeTransform, binding: Binding) -> dict[ast.AST, Site] | None:
    """Calls of `init` and `apply`; None if there is any other use but reports."""
    names = transform.file.names
    sites: dict[ast.AST, Site] = {}
    for use in names.uses.get(id(binding), []):
        attribute = names.parent.get(use)
        if _is_report(names, attribute, use):
            continue
        call = names.parent.get(attribute) if attribute is not None else None
        if not isinstance(attribute, ast.Attribute) or not isinstance(call, ast.Call):
            return None
        if call.func is not attribute or not _fits(transform, call, attribute.attr):
            return None
        sites[call] = Site(transform, attribute.attr)
    return sites


def _is_report(names: Names, call: ast.AST | None, use: ast.Name) -> bool:
    """True for `hk.experimental.tabulate(net)`, whose helper takes modules too."""
    if not isinstance(call, ast.Call) or call.args != [use]:
        return False
    return names.qualified.get(call.func, "") in _REPORTS


def _fits(transform: NativeTransform, call: ast.Call, kind: str) -> bool:
    """Whether linen can be called with the arguments that a call gives."""
    names = transform.file.names
    if any(
        k.arg is None or k.arg in CALL_ARGUMENTS or k.arg in ("rng", "params", "state")
        for k in call.keywords
    ):
        return False
    if kind == "init":
        if not call.args or isinstance(call.args[0], ast.Starred) or is_none(call.args[0]):
            return False
        return not transform.takes_state or pair_target(names.parent.get(call), call) is not None
    if kind != "apply":
        return False
    leading = 1 + transform.takes_state + transform.takes_rng
    if len(call.args) < leading or any(isinstance(a, ast.Starred) for a in call.args[:leading]):
        return False
    if transform.takes_state and not isinstance(call.args[1], ast.Name | ast.Attribute):
        return False
    return not transform.takes_rng or _rng_is_key(names, call.args[leading - 1], transform.draws)


def _rng_is_key(names: Names, rng: ast.expr, draws: bool) -> bool:
    """False where the key may be None, which linen does not take."""
    if is_none(rng) or not isinstance(rng, ast.Name):
        return True
    if not draws:
        return True
    found = names.scope_of[rng].lookup(rng.id)
    if found is None or found[1].kind != "param" or not isinstance(found[0].node, FUNCTIONS):
        return True
    args = found[0].node.args
    positional = [*args.posonlyargs, *args.args]
    defaults = dict(zip([a.arg for a in positional][::-1], args.defaults[::-1], strict=False))
    defaults |= {a.arg: d for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d}
    return not is_none(defaults.get(rng.id))


def method_sites(
    transform: NativeTransform, binding: Binding, methods: list[str]
) -> dict[ast.AST, Site] | None:
    """Calls of `init`, and of what `apply` is unpacked into; None if there is any other use."""
    names = transform.file.names
    sites: dict[ast.AST, Site] = {}
    for use in names.uses.get(id(binding), []):
        attribute = names.parent.get(use)
        outer = names.parent.get(attribute) if attribute is not None else None
        if not isinstance(attribute, ast.Attribute):
            return None
        if attribute.attr == "init" and isinstance(outer, ast.Call) and outer.func is attribute:
            if not _fits(transform, outer, "init"):
                return None
            sites[outer] = Site(transform, "init")
        elif (
            attribute.attr == "apply"
            and isinstance(outer, ast.Assign)
            and transform.unpacking is None
        ):
            more = _unpacked(transform, outer, methods)
            if more is None:
                return None
            transform.unpacking = outer
            sites.update(more)
        else:
            return None
    return sites


def _unpacked(
    transform: NativeTransform, statement: ast.Assign, methods: list[str]
) -> dict[ast.AST, Site] | None:
    """Calls of the functions in `encode, decode = f.apply`."""
    names = transform.file.names
    target = statement.targets[0]
    if (
        not isinstance(target, ast.Tuple)
        or len(target.elts) != len(methods)
        or len(statement.targets) != 1
    ):
        return None
    sites: dict[ast.AST, Site] = {}
    for element, method in zip(target.elts, methods, strict=True):
        if not isinstance(element, ast.Name):
            return None
        found = names.scope_of[element].lookup(element.id)
        if found is None or len(found[1].nodes) != 1:
            return None
        for use in names.uses.get(id(found[1]), []):
            call = names.parent.get(use)
            if (
                not isinstance(call, ast.Call)
                or call.func is not use
                or not _fits(transform, call, "apply")
            ):
                return None
            sites[call] = Site(transform, "apply", method)
    return sites
