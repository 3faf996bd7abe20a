"""Which transforms become a linen module with visible `init` and `apply` calls."""

from __future__ import annotations

from dataclasses import dataclass

from hk2flax.plan.classes import ClassPlan
from hk2flax.plan.methods import Methods
from hk2flax.project.creates import Creators
from hk2flax.project.index import Project


@dataclass
class TransformPlan:
    """Empty for now."""


def plan_transforms(
    project: Project, creators: Creators, classes: dict[str, ClassPlan], methods: Methods
) -> TransformPlan:
    """Plans the transforms of the project."""
    return TransformPlan()
