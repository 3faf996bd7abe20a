"""Imports: Haiku's go, Flax's come where they belong."""

import textwrap

import pytest

from tests.sources import codes, diagnostics, rewrite, rewrite_files, texts

INIT = """default_kernel_init = nn.initializers.variance_scaling(
    0.87962566103423978**2, "fan_in", "truncated_normal"
)
"""


def linen(source: str, **others: str) -> str:
    """Rewritten with --prefer linen, so that no constants come in between."""
    return rewrite(source, "linen", **others)


def head(source: str, **others: str) -> list[str]:
    """The import lines of the result."""
    lines = linen(source, **others).splitlines()
    return [line for line in lines if line.startswith(("import ", "from "))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import haiku as hk\nx = hk.Linear(3)\n", "import flax.linen as nn\nx = nn.Dense(3)\n"),
        ("import haiku\nx = haiku.Linear(3)\n", "import flax.linen as nn\nx = nn.Dense(3)\n"),
        ("from haiku import Linear\nx = Linear(3)\n", "import flax.linen as nn\nx = nn.Dense(3)\n"),
        ("from haiku import Linear as L\nx = L(3)\n", "import flax.linen as nn\nx = nn.Dense(3)\n"),
        ("from haiku import *\nx = Linear(3)\n", "import flax.linen as nn\nx = nn.Dense(3)\n"),
        (
            "import haiku as hk, jax\nx = hk.Linear(3)\njax\n",
            "import flax.linen as nn\nimport jax\nx = nn.Dense(3)\njax\n",
        ),
        (
            "import jax, haiku as hk, os\nx = hk.Linear(3)\njax, os\n",
            "import flax.linen as nn\nimport jax, os\nx = nn.Dense(3)\njax, os\n",
        ),
        (
            "import haiku as hk; import jax\nx = hk.Linear(3)\njax\n",
            "import flax.linen as nn\nimport jax\nx = nn.Dense(3)\njax\n",
        ),
        (
            "import jax; import haiku as hk\nx = hk.Linear(3)\njax\n",
            "import flax.linen as nn\nimport jax\nx = nn.Dense(3)\njax\n",
        ),
        (
            "import haiku.initializers as hki\nx = hki.Constant(3)\n",
            "import flax.linen as nn\nx = nn.initializers.constant(3)\n",
        ),
        (
            "from haiku import initializers\nx = initializers.Constant(3)\n",
            "import flax.linen as nn\nx = nn.initializers.constant(3)\n",
        ),
        (
            "import haiku as hk\ninit = hk.initializers\nx = init.Constant(3)\n",
            "import flax.linen as nn\nx = nn.initializers.constant(3)\n",
        ),
        (
            "def f(x):\n    import haiku as hk\n    return hk.Linear(3)(x)\n",
            "import flax.linen as nn\n\n\ndef f(x):\n    return nn.Dense(3)(x)\n",
        ),
        ("def f():\n    import haiku as hk\n", "def f():\n    pass\n"),
        ("import haiku as hk\nimport jax\njax\n", "import jax\njax\n"),
        (
            "import flax.linen as nn\nimport haiku as hk\nx = hk.Linear(3), nn\n",
            "import flax.linen as nn\nx = nn.Dense(3), nn\n",
        ),
        (
            "from flax import linen as fnn\nimport haiku as hk\nx = hk.Linear(3), fnn\n",
            "from flax import linen as fnn\nx = fnn.Dense(3), fnn\n",
        ),
    ],
)
def test_every_import_form(source, expected):
    assert linen(source) == expected


def test_sorted_into_the_third_party_group():
    assert head(
        """
        import os
        import sys

        import chex
        import haiku as hk
        import jax
        import optax

        from pkg import data
        os, sys, chex, jax, optax, data
        x = hk.Linear(3)
        """
    ) == [
        "import os",
        "import sys",
        "import chex",
        "import flax.linen as nn",
        "import jax",
        "import optax",
        "from pkg import data",
    ]


def test_the_style_of_from_imports_is_followed():
    found = head("from jax import numpy as jnp\nimport haiku as hk\nx = hk.Linear(3), jnp\n")
    assert found == ["from flax import linen as nn", "from jax import numpy as jnp"]


def test_stdlib_imports_get_a_group_of_their_own():
    source = """
    import haiku as hk

    class A(hk.Module):
        def __init__(self, size=[3, 4]):
            super().__init__()
            self.size = size
    """
    assert linen(source).startswith(
        "\nimport dataclasses\nfrom typing import Any\n\nimport flax.linen as nn\n\nclass A"
    )


def test_any_joins_an_import_from_typing():
    source = "from typing import Callable, Optional\nimport haiku as hk\nclass A(hk.Module):\n  def __init__(self, f):\n    super().__init__()\n    self.f = f\nCallable, Optional\n"
    assert "from typing import Any, Callable, Optional\n" in linen(source)


def test_shebang_license_docstring_and_future_stay_first():
    source = '''\
    #!/usr/bin/env python3
    # Copyright 2021.

    """What it is."""

    from __future__ import annotations

    def f(x):
        import haiku as hk
        return hk.Linear(3)(x)
    '''
    assert rewrite(source) == textwrap.dedent('''\
    #!/usr/bin/env python3
    # Copyright 2021.

    """What it is."""

    from __future__ import annotations

    import flax.linen as nn

    {}

    def f(x):
        return nn.Dense(3, kernel_init=default_kernel_init)(x)
    ''').format(INIT)


def test_constants_come_behind_all_imports():
    source = """\
    import typing

    import haiku as hk

    if typing.TYPE_CHECKING:
        import optax
    try:
        import wandb
    except ImportError:
        wandb = None

    LAYER = hk.Linear(3)
    """
    assert rewrite(source) == textwrap.dedent("""\
    import typing

    import flax.linen as nn

    if typing.TYPE_CHECKING:
        import optax
    try:
        import wandb
    except ImportError:
        wandb = None

    {}
    LAYER = nn.Dense(3, kernel_init=default_kernel_init)
    """).format(INIT)


def test_nothing_is_used_before_it_is_imported():
    source = "import haiku as hk\n\nINIT = hk.initializers.Constant(3)\n\nimport wandb\n\nwandb\n"
    assert linen(source) == source.replace("haiku as hk", "flax.linen as nn").replace(
        "hk.initializers.Constant", "nn.initializers.constant"
    )


def test_imports_after_a_change_of_the_path():
    source = "import sys\nsys.path.append('.')\nimport haiku as hk\n\nx = hk.Linear(3)\n"
    assert linen(source) == source.replace("haiku as hk", "flax.linen as nn").replace(
        "hk.Linear", "nn.Dense"
    )


@pytest.mark.parametrize(
    "guard",
    [
        "except ImportError:\n    hk = None\n",
        "except ImportError:\n    pass\n",
        "except ImportError as error:\n    raise RuntimeError('install dm-haiku') from error\n",
        "except ImportError:\n    print('no haiku')\n    hk = None\n",
    ],
)
def test_a_guarded_import_goes_with_its_guard(guard):
    source = f"import os\ntry:\n    import haiku as hk\n{guard}\nx = hk.Linear(3), os\n"
    expected = "import os\n\nimport flax.linen as nn\n\nx = nn.Dense(3), os\n"
    assert linen(source) == expected


def test_a_guard_that_binds_something_else_stays():
    source = "try:\n    import haiku as hk\n    HAS = True\nexcept ImportError:\n    HAS = False\n"
    assert linen(source) == "try:\n    HAS = True\nexcept ImportError:\n    HAS = False\n"


def test_type_checking_blocks():
    source = """\
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        import haiku as hk


    def size(params: "hk.Params") -> int:
        return len(params)
    """
    assert rewrite(source) == textwrap.dedent("""\
    import flax


    def size(params: "flax.typing.Collection") -> int:
        return len(params)
    """)


def test_imports_under_type_checking_are_not_there_at_run_time():
    source = """\
    from typing import TYPE_CHECKING
    import haiku as hk
    if TYPE_CHECKING:
        import flax.linen as nn
    x = hk.Linear(3)
    """
    found = rewrite(source)
    assert "from flax import linen\n" in found
    assert "x = linen.Dense(3" in found


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("'hk.Params'", "'flax.typing.Collection'"),
        ('"hk.Params"', '"flax.typing.Collection"'),
        ("Optional['hk.Params']", "Optional['flax.typing.Collection']"),
        ("'dict[str, hk.Params]'", "'dict[str, flax.typing.Collection]'"),
        ("'hk.Params | None'", "'flax.typing.Collection | None'"),
        ("'hk.Module'", "'nn.Module'"),
        ("'hk.Linear'", "'nn.Dense'"),
        ("'my_hk.Params'", "'my_hk.Params'"),
        ("'x.hk.Params'", "'x.hk.Params'"),
        ("Literal['not hk.Params']", "Literal['not hk.Params']"),
    ],
)
def test_quoted_annotations(annotation, expected):
    source = (
        f"import haiku as hk\ndef f(x: {annotation}) -> {annotation}:\n    y: {annotation} = x\n"
    )
    assert f"def f(x: {expected}) -> {expected}:\n    y: {expected} = x\n" in rewrite(source)


def test_quoted_types_in_casts():
    source = "import haiku as hk\nfrom typing import cast\nx = cast('hk.Params', {})\n"
    assert "cast('flax.typing.Collection', {})" in rewrite(source)


def test_a_quoted_name_of_a_local_class_is_left_alone():
    source = "import haiku as hk\nclass Params: pass\ndef f(x: 'Params', y: hk.Params): pass\n"
    assert "x: 'Params', y: flax.typing.Collection" in rewrite(source)


@pytest.mark.parametrize("taken", ["nn = 3", "def nn(): pass", "import torch.nn as nn"])
def test_a_name_that_is_taken(taken):
    source = f"import haiku as hk\n{taken}\nx = hk.Linear(3), nn\n"
    found = linen(source)
    assert "from flax import linen\n" in found
    assert "x = linen.Dense(3), nn" in found


def test_a_parameter_hides_an_imported_alias():
    source = """
    import haiku as hk
    import jax.numpy as jnp
    class A(hk.Module):
        def __call__(self, jnp):
            return hk.get_parameter("w", [3], init=hk.initializers.Constant(1.0)) * jnp
    jnp
    """
    found = rewrite(source)
    assert "jax.numpy.float32" in found
    assert ") * jnp\n" in found


def test_a_local_variable_of_the_same_name():
    found = linen("import haiku as hk\ndef f(nn):\n    return hk.Linear(nn)\n")
    assert "return linen.Dense(nn)" in found


def test_haiku_stays_where_something_is_left_in_place():
    source = "import haiku as hk\nx = hk.Linear(3)\ny = hk.no_such_thing(x)\n"
    found = linen(source)
    assert "import haiku as hk\n" in found
    assert "import flax.linen as nn\n" in found
    assert "x = nn.Dense(3)\n# TODO(hk2flax): HK101" in found
    assert "HK101" in codes(source)


def test_only_the_names_that_are_left_stay_imported():
    source = "from haiku import (\n    Linear,  # dense\n    no_such_thing,\n    Params,\n)\nx = Linear(3)\ny = no_such_thing\n"
    assert "from haiku import (\n    no_such_thing,\n)\n" in linen(source)


def test_what_all_exports_stays_and_is_said():
    source = "from haiku import Linear\n__all__ = ['Linear']\n"
    assert "from haiku import Linear\n" in linen(source)
    assert codes(source) == ["HK101"]


def test_type_comments_count_as_uses():
    source = "import haiku as hk\nx = {}  # type: hk.Params\n"
    assert "import haiku as hk" in linen(source)
    assert codes(source) == ["HK101"]


def test_imports_that_only_haiku_code_needed_go():
    source = "import haiku as hk\nimport jax.numpy as jnp\nimport dataclasses\n@dataclasses.dataclass\nclass A(hk.Module):\n  size: int\n  def __call__(self):\n    return hk.get_parameter('w', [self.size], init=hk.initializers.Constant(1.))\n"
    assert "dataclasses" not in rewrite(source)
    assert "jnp" in rewrite(source)  # float32


def test_imports_that_nothing_used_before_stay():
    source = "import haiku as hk\nimport numpy as np\nfrom os import path\nx = hk.Linear(3)\n"
    assert head(source) == ["import flax.linen as nn", "import numpy as np", "from os import path"]


def test_imports_that_another_file_takes_from_here_stay():
    files = {
        "pkg/__init__.py": "",
        "pkg/m.py": "import jax.numpy as jnp\nimport haiku as hk\nclass A(hk.Module):\n  def __call__(self):\n    return hk.get_parameter('w', [3], init=jnp.zeros)\n",
        "pkg/n.py": "from pkg.m import jnp, A\nprint(jnp, A)\n",
    }
    assert "import jax.numpy as jnp" in texts(rewrite_files(files))["pkg/m.py"]


def test_haiku_handed_on_by_another_file():
    files = {
        "common.py": "import haiku as hk\nimport jax\n",
        "m.py": "from common import hk, jax\nx = hk.Linear(3), jax\n",
    }
    found = texts(rewrite_files(files, "linen"))
    assert found["common.py"] == "import jax\n"
    assert found[
        "m.py"
    ] == "import flax.linen as nn\nfrom common import jax\nx = nn.Dense(3), jax\n" or (
        found["m.py"] == "import flax.linen as nn\n\nfrom common import jax\nx = nn.Dense(3), jax\n"
    )


def test_helper_imports():
    found = rewrite("import haiku as hk\n\nx = hk.BatchNorm(True, True, 0.9)\n")
    assert found == "from flax_helpers import BatchNorm\n\nx = BatchNorm(True, True, 0.9)\n"


def test_crlf():
    source = "import os\r\nimport haiku as hk\r\n\r\nx = hk.Linear(3), os\r\n"
    found = rewrite(source)
    assert "\n" not in found.replace("\r\n", "")


def test_star_imports_do_not_swallow_builtins():
    source = "from haiku import *\nx = Linear(3)\nprint(len([x]), Module)\n"
    assert linen(source).endswith("x = nn.Dense(3)\nprint(len([x]), nn.Module)\n")
    assert codes(source, "linen") == []


def test_a_submodule_as_a_value_is_left():
    source = "import haiku as hk\nmake = getattr(hk.initializers, 'Constant')\n"
    assert [d.message for d in diagnostics(source)] == ["haiku.initializers is used as a value"]
