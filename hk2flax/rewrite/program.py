"""Everything that is known and decided about a project before a single edit is made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hk2flax.plan.absolute_names import AbsoluteNames, plan_absolute_names
from hk2flax.plan.arrays import Arrays
from hk2flax.plan.attribute_dicts import uses_attribute_dicts
from hk2flax.plan.attributes import check_changing_modules, plan_filled
from hk2flax.plan.class_plan import ClassPlan, changing_attributes
from hk2flax.plan.classes import plan_class
from hk2flax.plan.hooks import uses_hooks, uses_policies
from hk2flax.plan.initializers import Initializers, find_initializers
from hk2flax.plan.methods import Methods, plan_methods
from hk2flax.plan.names import NamePlan, plan_names
from hk2flax.plan.positions import find_moved_classes
from hk2flax.plan.settings import plan_settings
from hk2flax.plan.stacks import StackPlan, plan_stacks
from hk2flax.plan.state import StatePlan, plan_state
from hk2flax.plan.transform_plan import TransformPlan
from hk2flax.plan.transforms import plan_transforms
from hk2flax.project.creates import Creators, find_creators
from hk2flax.project.index import File, Project
from hk2flax.project.parse import build_project
from hk2flax.project.source import SourceFile

# float64 alone says nothing: jax computes in float32 unless x64 is enabled.
_SEQUENCE = re.compile(rb"with_rng|rng_sequence_state")
_COMPLEX = re.compile(rb"complex64|complex128")
_PRECISION = re.compile(
    rb"bfloat16|float16|enable_x64|ENABLE_X64|mixed_precision|\bjmp\b|" + _COMPLEX.pattern
)


@dataclass(frozen=True)
class Program:
    """The facts (project, creators) and the decisions (the rest) that the edits carry out."""

    project: Project
    creators: Creators
    classes: dict[str, ClassPlan]
    methods: Methods
    initializers: Initializers
    names: NamePlan
    transforms: TransformPlan
    stacks: StackPlan
    state: StatePlan
    prefer: str

    @cached_property
    def other_precision(self) -> bool:
        """True when some file works in another precision than float32.

        Haiku's parameters take the dtype of the input, linen's that of `param_dtype`; and linen
        computes statistics of half-precision inputs in float32. The helpers do as Haiku does.
        """
        return any(_PRECISION.search(file.source.data) for file in self.project.files.values())

    @cached_property
    def has_complex(self) -> bool:
        """True when some file speaks of complex numbers, which some initialisers of jax refuse."""
        return any(_COMPLEX.search(file.source.data) for file in self.project.files.values())

    @cached_property
    def has_hooks(self) -> bool:
        """True where variables pass through hooks, which expect those of Haiku's layers."""
        return uses_hooks(self.project)

    @cached_property
    def has_policies(self) -> bool:
        """True where classes have policies, which do not apply to transparent methods."""
        return uses_policies(self.project)

    @cached_property
    def replaces_rng(self) -> bool:
        """True when `hk.with_rng` or its kin occurs: linen's streams know nothing of its keys."""
        return any(_SEQUENCE.search(file.source.data) for file in self.project.files.values())

    @cached_property
    def arrays(self) -> Arrays:
        """Which layers surely return one array."""
        return Arrays(self.project)

    @cached_property
    def absolute_names(self) -> AbsoluteNames:
        """What modules may be called that are not named by `hk.force_name`."""
        return plan_absolute_names(self.project, self.classes)

    @cached_property
    def has_attribute_dicts(self) -> bool:
        """True where dicts have attributes, which they lose when linen freezes them."""
        return uses_attribute_dicts(self.project)

    @cached_property
    def moved_classes(self) -> set[str]:
        """Module classes whose arguments are not where callers that are not seen expect them."""
        return find_moved_classes(self.project, self.classes)

    @cached_property
    def settings(self) -> set[ast.Call]:
        """The statements that only steer Haiku's own machinery, see `plan_settings`."""
        return plan_settings(self.project)

    def classes_in(self, file: File) -> list[ClassPlan]:
        """The plans of the module classes that a file defines."""
        return self._by_file.get(file.source.rel, [])

    @cached_property
    def _by_file(self) -> dict[str, list[ClassPlan]]:
        result: dict[str, list[ClassPlan]] = {}
        for plan in self.classes.values():
            result.setdefault(plan.cls.file.source.rel, []).append(plan)
        return result

    def attribute(self, class_name: str, attribute: str) -> str:
        """The output name of an attribute of self, looked up along the bases."""
        for cls in self.project.mro(class_name):
            plan = self.classes.get(cls.name)
            if plan is not None and attribute in plan.renames:
                return plan.renames[attribute]
        return attribute

    def is_filled(self, class_name: str, attribute: str) -> bool:
        """True for a list that the constructor of the class or a relative has methods fill."""
        related = [*self.project.mro(class_name), *self.project.subclasses(class_name)]
        return any(
            attribute in self.classes[c.name].filled for c in related if c.name in self.classes
        )

    def is_mutable(self, class_name: str, attribute: str) -> bool:
        """True for an attribute that some method of the class or its relatives assigns."""
        related = [*self.project.mro(class_name), *self.project.subclasses(class_name)]
        return any(
            attribute in self.classes[c.name].mutable for c in related if c.name in self.classes
        )


def plan_program(sources: Iterable[SourceFile], prefer: str) -> Program:
    """Parses, resolves and plans; touches no text."""
    project = build_project(sources)
    creators = find_creators(project)
    classes: dict[str, ClassPlan] = {}
    for name in _bases_first(project, creators.modules):
        classes[name] = plan_class(project, creators, project.classes[name], classes)
    _compare_namesakes(classes)
    methods = plan_methods(project, creators, classes)
    _spare_setup_helpers(project, classes, methods)
    for plan in classes.values():
        check_changing_modules(creators, plan)
        plan_filled(project, plan, methods.setup_helpers)
    initializers = find_initializers(project, classes)
    names = plan_names(project, creators, classes, methods)
    transforms = plan_transforms(project, creators, classes)
    stacks = plan_stacks(project, creators, classes, names)
    state = plan_state(project, methods, names, transforms)
    return Program(
        project, creators, classes, methods, initializers, names, transforms, stacks, state, prefer
    )


def _compare_namesakes(classes: dict[str, ClassPlan]) -> None:
    """Two classes of one name (`if ...: class Net`, `else: class Net`) share their calls."""
    for name, plan in classes.items():
        other = classes.get(name.partition("#")[0])
        if other is None or other is plan:
            continue
        shapes = [
            [(p.name, p.field, p.kw_only, p.star) for p in c.parameters] + [c.kw_only]
            for c in (plan, other)
        ]
        if shapes[0] != shapes[1]:
            message = "another class of this name has a different constructor"
            for one in (plan, other):
                one.problems.append((one.cls.node, "HK102", message))


def _bases_first(project: Project, names: set[str]) -> list[str]:
    order: dict[str, None] = {}

    def add(name: str) -> None:
        if name in order:
            return
        for cls in project.mro(name)[1:]:
            if cls.name in names and cls.name != name:
                add(cls.name)
        order[name] = None

    for name in sorted(names):
        add(name)
    return list(order)


def _spare_setup_helpers(project: Project, classes: dict[str, ClassPlan], methods: Methods) -> None:
    """Attributes that only methods run from setup assign are set during setup: linen allows it."""
    for plan in classes.values() if methods.setup_helpers else ():
        plan.keep_mutable(changing_attributes(project, plan.cls, methods.setup_helpers))
