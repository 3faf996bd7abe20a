"""Precisions of whole classes of modules: ``hk.mixed_precision``."""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn

from .hook_stacks import HOOKS
from .hooks import entered
from .known_modules import framed_module, set_up_modules
from .scope import ScopeFrame, current_module


class Policies(threading.local):
    """The policies of a thread: by class, and those in force, the innermost last."""

    def __init__(self) -> None:
        """Start without policies."""
        self.by_class: dict[Any, Any] = {}
        self.in_force: list[Any] = []


POLICIES = Policies()


def policy_key(cls: type) -> Any:
    """Return what stands for a class: its name, so that a reloaded class has the same policy."""
    return cls if "<locals>" in cls.__qualname__ else (cls.__module__, cls.__qualname__)


def set_policy(cls: type[nn.Module], policy: Any) -> None:
    """Use a policy for all instances of a class in this thread: ``hk.mixed_precision.set_policy``.

    Whenever a method of an object of the class (not of a subclass) is called, floating-point
    arguments are cast to the compute dtype and results to the output dtype. Parameters that are
    created in the call, in other modules as well, get the parameter dtype; parameters and state
    are cast to the compute dtype when they are read. Plain linen gives dtypes to single layers.

    Args:
        cls: the class. One that replaces it under the same name later needs a call of its own.
        policy: has ``cast_to_compute``, ``cast_to_output`` and ``param_dtype``, as ``jmp.Policy``.
    """
    assert policy is not None, "To unset policies use clear_policy."
    set_up_modules()
    for base in cls.__mro__:
        if issubclass(base, nn.Module) and base is not nn.Module:
            apply_policies(base)
    POLICIES.by_class[policy_key(cls)] = policy


def get_policy(cls: type[nn.Module]) -> Any:
    """Return the policy that was set for a class, None without."""
    return POLICIES.by_class.get(policy_key(cls))


def clear_policy(cls: type[nn.Module]) -> None:
    """Take the policy of a class away."""
    set_up_modules()
    POLICIES.by_class.pop(policy_key(cls), None)


def current_policy() -> Any:
    """Return the policy that is in force, None without."""
    return POLICIES.in_force[-1] if POLICIES.in_force else None


@contextlib.contextmanager
def push_policy(cls: type[nn.Module], policy: Any) -> Iterator[None]:
    """Set a policy in a ``with`` block: ``hk.mixed_precision.push_policy``.

    Raises:
        ValueError: a method of the class is running.
    """
    assert policy is not None, "To unset policies use clear_policy."
    module = current_module()
    if isinstance(module, ScopeFrame):
        module = framed_module(module)
    if module is not None and policy_key(type(module)) == policy_key(cls):
        raise ValueError("A policy cannot be pushed inside a method of the same class.")
    old = get_policy(cls)
    set_policy(cls, policy)
    try:
        yield
    finally:
        if old is None:
            clear_policy(cls)
        else:
            set_policy(cls, old)


def apply_policies(cls: type[nn.Module]) -> None:
    """Let the methods and properties of a class look for a policy whenever they are called.

    `nn.intercept_methods` would not do: it is a context, while a policy is set once and for all,
    and it sees neither properties nor methods that linen does not wrap.
    """
    for name, member in list(vars(cls).items()):
        if isinstance(getattr(member, "wrapped", member), property):
            if not hasattr(member.fget, "has_policies"):
                read, write = accessors(member)
                setattr(cls, name, property(with_policy(read), with_policy(write)))
        elif inspect.isfunction(member) and not hasattr(member, "has_policies"):
            if name == "__init__":
                setattr(cls, name, with_cast_arguments(member))
            elif name == "__call__" or not name.startswith("__"):
                setattr(cls, name, with_policy(member))


def accessors(member: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return what reads and what sets a property."""

    def read(self: Any) -> Any:
        return member.__get__(self, type(self))

    def write(self: Any, value: Any) -> None:
        member.__set__(self, value)

    return read, write


def with_policy(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that obeys the policy of the class of its object."""
    if hasattr(method, "is_transparent"):
        return method

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        policy = get_policy(type(self))
        if policy is None:
            return method(self, *args, **kwargs)
        with in_force(policy, self):
            args, kwargs = policy.cast_to_compute((args, kwargs))
            return policy.cast_to_output(method(self, *args, **kwargs))

    call.has_policies = True  # type: ignore[attr-defined]
    return call


def with_cast_arguments(constructor: Callable[..., Any]) -> Callable[..., Any]:
    """Return a constructor whose arguments are cast; it creates nothing, see ``setup``."""

    @functools.wraps(constructor)
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        policy = get_policy(type(self))
        if policy is not None:
            args, kwargs = policy.cast_to_compute((args, kwargs))
        constructor(self, *args, **kwargs)

    construct.has_policies = True  # type: ignore[attr-defined]
    return construct


@contextlib.contextmanager
def in_force(policy: Any, module: nn.Module) -> Iterator[None]:
    """Put a policy in force while a method of a module runs.

    What Haiku constructs before or in the method is set up before or in it.
    """
    if current_policy() is policy:
        yield
        return
    set_up_modules(module)
    with contextlib.ExitStack() as context:
        if not POLICIES.in_force:
            creators = (HOOKS.param_creators, create_with_policy, True)
            getters = (
                (stack, get_with_policy, True)
                for stack in (HOOKS.param_getters, HOOKS.state_getters)
            )
            context.enter_context(entered(creators, *getters))
        POLICIES.in_force.append(policy)
        context.callback(POLICIES.in_force.pop)
        yield
        set_up_modules(module)


def create_with_policy(following: Any, shape: Any, dtype: Any, init: Any, context: Any) -> Any:
    """Create a parameter in the dtype of the policy: a creator."""
    return following(shape, current_policy().param_dtype, init)


def get_with_policy(following: Any, value: Any, context: Any) -> Any:
    """Cast a variable to the compute dtype of the policy: a getter."""
    return following(current_policy().cast_to_compute(value))
