"""What a person is told: codes, their texts, and the renderings of a report."""

from hk2flax.diagnostics.codes import CODES, Code
from hk2flax.diagnostics.model import Diagnostic

__all__ = ["CODES", "Code", "Diagnostic"]
