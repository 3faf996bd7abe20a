"""Train the ResNet for a while and write checkpoint.npz."""

import numpy as np
from classifier.train import train


def flat(kind, tree):
    """Haiku's two-level dict as npz keys: "params:res_net/linear//w"."""
    return {
        f"{kind}:{module}//{name}": np.asarray(value)
        for module, leaves in tree.items()
        for name, value in leaves.items()
    }


if __name__ == "__main__":
    final = train(steps=200)
    np.savez("checkpoint.npz", **flat("params", final.params), **flat("state", final.state))
