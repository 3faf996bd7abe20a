"""Code that looks parameters up by Haiku's names: found, and nothing else is."""

import pytest

from tests.sources import codes


def flagged(text: str) -> bool:
    return "HK201" in codes(
        f"import haiku as hk\nimport jax, os, re, optax\nx = params = 1\n{text}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "x = params['linear']['w']",
        "x = params['mlp/~/linear_0']['b']",
        "x = params['~']['w']",
        "x = state['batch_norm/~/mean_ema']['average']",
        "params['linear']['w'] = 3",
        "w = {k: v for k, v in params.items()}",
        "for module, weights in params.items():\n    pass",
        "def f(name, p):\n    return 'batchnorm' not in name",
        "def f(module_name, name, p):\n    return name == 'w'",
        "def f(name):\n    return name.startswith('mlp/~/linear')",
        "def f(name):\n    return re.match('.*linear.*', name)",
        "def f(key):\n    return key in ('w', 'b')",
        "hk.data_structures.partition(lambda m, n, v: n == 'w', params)",
        "hk.data_structures.filter(lambda m, n, v: 'linear' in m, params)",
        "def f(p: hk.Params):\n    return p['encoder']",
        "def f(rng):\n    params = hk.transform(print).init(rng)\n    return params['encoder']",
    ],
)
def test_found(text):
    assert flagged(text)


@pytest.mark.parametrize(
    "text",
    [
        "config = {}\nlr = config['lr']",
        "config = {}\nx = config['model']['w']",
        "batch = {}\nx = batch['image'], batch['label']",
        "if __name__ == '__main__':\n    pass",
        "x = os.path.exists('w')",
        "import sys\nif sys.platform == 'linux' or os.name == 'nt':\n    pass",
        "import argparse\nargs = argparse.ArgumentParser().parse_args()\nif args.name == 'train':\n    pass",
        "path = 'x'\nif path.endswith('.pkl'):\n    pass",
        "if 'model' in os.environ:\n    pass",
        "mode = 'train'\nif mode == 'train':\n    pass",
        "metrics = {}\nfor k, v in metrics.items():\n    pass",
        "jax.tree_util.tree_map(lambda p: p * 2, params)",
        "hk.data_structures.map(lambda m, n, v: v * 2, params)",
        "dataset_name = 'cifar'\nif dataset_name in ('cifar', 'mnist'):\n    pass",
        "optimizer_name = 'adam'\nif optimizer_name == 'adam':\n    pass",
        "optimizer_name = 'w'\nif optimizer_name in ('adam', 'w'):\n    pass",
        "hyperparams = {}\nlr = hyperparams['lr']",
        "opt = optax.adam(1e-3)\ns = opt.init(params)\nx = s[0]",
        "key = 'a'\nif key == 'loss':\n    pass",
        "import inspect\nfirst = list(inspect.signature(print).parameters.values())[0]",
    ],
)
def test_not_found(text):
    assert not flagged(text)
