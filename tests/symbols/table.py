"""All proofs by public name."""

from __future__ import annotations

from tests.symbols import (
    attention,
    averages,
    control,
    conv,
    conv_transpose,
    depthwise,
    functions,
    initializers,
    linear,
    nets,
    norm,
    pool,
    recurrent,
    resnet,
    storage,
    transforms,
    unroll,
)
from tests.symbols.proof import Proof

FILES = (
    attention,
    averages,
    control,
    conv,
    conv_transpose,
    depthwise,
    functions,
    initializers,
    linear,
    nets,
    norm,
    pool,
    recurrent,
    resnet,
    storage,
    transforms,
    unroll,
)
PROOFS: dict[str, Proof] = {name: proof for file in FILES for name, proof in file.PROOFS.items()}
assert len(PROOFS) == sum(len(file.PROOFS) for file in FILES), "a name is proven twice"
