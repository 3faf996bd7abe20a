"""Running the Haiku program and its Flax version: the checkpoint map, and the proof of equality.

`source` is the directory of the Haiku project, `target` that of the rewritten one; `entry` and
`inputs` are MOD:ATTR names that exist in both. Each tree is imported in a process of its own.
"""

from .build import build_map
from .checks import Check, VerifyReport
from .errors import AlignmentError, OracleError
from .verify import verify

__all__ = ["AlignmentError", "Check", "OracleError", "VerifyReport", "build_map", "verify"]
