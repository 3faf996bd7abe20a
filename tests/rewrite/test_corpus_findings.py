"""What real packages taught: each test is the smallest program with the same trouble."""

import textwrap

import pytest

from hk2flax.project.files import discover
from hk2flax.rewrite import rewrite_project


@pytest.fixture
def rewrite(tmp_path):
    """Rewrites files given by path; returns the texts by path and the diagnostics' codes."""

    def run(files):
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        result = rewrite_project(discover([tmp_path]))
        texts = {f.source.rel.removesuffix(".py"): f.text for f in result.files}
        for text in texts.values():
            compile(text, "x.py", "exec")
        texts["codes"] = [d.code for f in result.files for d in f.diagnostics]
        return texts

    return run


BLOCK = """
    import haiku as hk


    class Block(hk.Module):
        def __init__(self, size, name=None, scale=3):
            super().__init__(name=name)
            self.size = size
            self.scale = scale

        def __call__(self, x):
            return hk.Linear(self.size * self.scale)(x)
"""


def test_a_file_that_only_hands_names_on_does_not_end_the_search(rewrite):
    out = rewrite(
        {
            "impl": BLOCK,
            "layers": "from impl import Block as B\n",
            "use": "from layers import B\nb = B(3, 'b', 4)\n",
        }
    )
    assert "B(3, name='b', scale=4)" in out["use"]


def test_a_starred_package_hands_names_on(rewrite):
    out = rewrite(
        {
            "pkg/impl": BLOCK,
            "pkg/__init__": "from .impl import *\n",
            "use": "from pkg import Block\nb = Block(3, 'b', 4)\n",
        }
    )
    assert "Block(3, name='b', scale=4)" in out["use"]


def test_a_package_attribute_named_like_an_unseen_module(rewrite):
    """`from .ext import ext`, where ext is compiled or has nothing to do with Haiku."""
    out = rewrite(
        {
            "pkg/__init__": "from .ext import ext\nfrom .plain import plain\n",
            "pkg/plain": "def plain(x):\n    return x\n",
            "pkg/net": """
                import haiku as hk
                from pkg import ext, plain


                def f(x):
                    return ext(plain(hk.Flatten()(x)))
            """,
        }
    )
    assert "ext(plain(Flatten()(x)))" in out["pkg/net"]


def test_a_function_hides_the_module_it_was_imported_from(rewrite):
    out = rewrite(
        {
            "pkg/__init__": "from .block import block\n",
            "pkg/block": """
                import haiku as hk


                def block(x):
                    return hk.Linear(3)(x)
            """,
            "pkg/net": """
                import haiku as hk
                from pkg import block


                class Net(hk.Module):
                    def __call__(self, x):
                        return block(x)
            """,
        }
    )
    assert "@nn.compact\n    def __call__" in out["pkg/net"]


def test_a_module_assigned_twice_is_kept_local_until_the_end(rewrite):
    """linen gives a name to the first module at once and raises at the second."""
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Net(hk.Module):
                    def __init__(self, size, is_deep=False, norm=False):
                        super().__init__()
                        self.body = hk.Linear(size)
                        if is_deep:
                            self.body = hk.Linear(2 * size)
                        if norm:
                            self.norm = hk.LayerNorm(-1, True, True)
                        if is_deep:
                            self.norm = hk.RMSNorm(-1)
                        if norm:
                            self.last = hk.Linear(size)
                        else:
                            self.last = hk.Linear(1)

                    def __call__(self, x):
                        return self.last(self.body(x))
            """
        }
    )
    setup = out["net"].partition("def setup(self):\n")[2]
    assert setup.startswith("        norm_ = None\n        body = nn.Dense(self.size, ")
    assert "        self.body = body\n        self._norm = norm_\n" in setup
    assert "            self.last = nn.Dense(self.size, " in setup
    assert "self.last(self.body(x))" in setup


def test_the_same_alias_twice_is_dropped_twice(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Net(hk.Module):
                    def __init__(self, size):
                        super().__init__()
                        self.size = size
                        self.size = size

                    def __call__(self, x):
                        return hk.Linear(self.size)(x)
            """
        }
    )
    assert "setup" not in out["net"]


def test_a_parameter_that_is_changed_in_place_is_copied(rewrite):
    """linen froze the list and the dict."""
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Net(hk.Module):
                    def __init__(self, sizes, options):
                        super().__init__()
                        sizes.append(3)
                        self.depth = options.pop("depth", 3)
                        self.sizes = sizes

                    def __call__(self, x):
                        return hk.nets.MLP(self.sizes)(x) * self.depth
            """
        }
    )
    assert "        sizes = list(self.sizes)\n" in out["net"]
    assert "        options = flax.core.unfreeze(self.options)\n" in out["net"]
    assert "MLP(self._sizes)" in out["net"]


def test_a_test_for_a_list_knows_how_linen_keeps_it(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Net(hk.Module):
                    def __init__(self, sizes, name=None):
                        super().__init__(name=name)
                        self.sizes = sizes if isinstance(sizes, list) else [sizes]

                    def __call__(self, x):
                        if isinstance(self.sizes, (str, dict)) or isinstance(x, list):
                            return hk.Linear(1)(x)
                        return hk.Linear(2)(x)
            """
        }
    )
    text = "".join(out["net"].split())
    assert "ifisinstance(self.sizes,(list,tuple))else" in text
    assert "isinstance(self._sizes,(str,dict,flax.core.FrozenDict))or" in text
    assert "isinstance(x,list)" in text


def test_comments_of_a_constructor_stay(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Net(hk.Module):
                    def __init__(
                        self,
                        # the width
                        size,
                        # depth: not yet
                        bias=True,  # of the layer
                        # nothing more
                    ):
                        super().__init__()
                        # as given
                        self.size = size
                        self.bias = bias

                    def __call__(self, x):
                        return hk.Linear(self.size, self.bias)(x)
            """
        }
    )
    assert (
        "class Net(nn.Module):\n    # the width\n    # as given\n    size: Any\n"
        "    # depth: not yet\n    bias: bool = True  # of the layer\n    # nothing more\n"
    ) in out["net"]


def test_keyword_only_constructors(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Base(hk.Module):
                    def __init__(self, *, size, bias=True):
                        super().__init__()
                        self.size = size
                        self.bias = bias


                class Net(Base):
                    def __init__(self, *, scale, **kwargs):
                        super().__init__(**kwargs)
                        self.scale = scale

                    def __call__(self, x):
                        return hk.Linear(self.size)(x) * self.scale
            """
        }
    )
    assert (
        "class Base(nn.Module, kw_only=True):\n    size: Any\n    bias: bool = True\n" in out["net"]
    )
    assert "class Net(Base, kw_only=True):\n    scale: Any\n\n" in out["net"]


def test_a_parameter_stored_under_its_own_name(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk
                import jax.numpy as jnp


                class Net(hk.Module):
                    def __init__(self, size):
                        super().__init__()
                        self.w = hk.get_parameter("w", [size, 3], init=jnp.ones)
                        self.v = hk.get_parameter(
                            "v",
                            shape=[size],
                            init=jnp.zeros,
                        )

                    def __call__(self, x):
                        return x @ self.w + self.v
            """
        }
    )
    assert (
        'self.w = self.param("w", nn.initializers.ones, (self.size, 3), jnp.float32)' in out["net"]
    )
    assert '        self.v = self.param(\n            "v",\n            nn.init' in out["net"]
    assert "            (self.size,),\n            jnp.float32,\n        )\n" in out["net"]


def test_a_call_that_haiku_would_refuse_keeps_its_arguments(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk
                import jax


                def f(x):
                    return hk.Sequential(hk.Linear(3), jax.nn.relu, hk.Linear(3))(x)
            """
        }
    )
    assert "jax.nn.relu" in out["net"]


def test_helpers_are_imported_among_the_projects_own_modules(rewrite):
    out = rewrite(
        {
            "pkg/__init__": "",
            "pkg/util": "def double(x):\n    return 2 * x\n",
            "pkg/net": """
                import haiku as hk
                import jax

                from pkg.util import double


                def f(x):
                    return jax.jit(double)(hk.Flatten()(x))
            """,
        }
    )
    assert out["pkg/net"].startswith(
        "import jax\n\nfrom pkg.flax_helpers import Flatten\nfrom pkg.util import double\n\n\n"
    )


def test_a_helper_takes_over_the_name_imported_from_haiku(rewrite):
    out = rewrite(
        {
            "net": """
                from haiku import LSTM, Transformed, dropout


                def f(x, dropout=None):
                    return LSTM(3)(x, x)


                def g(key, x):
                    return dropout(key, 0.5, x)


                def h(t: Transformed):
                    return t
            """
        }
    )
    assert "from flax_helpers import LSTM, Transformed, dropout as hk_dropout" in out["net"]
    assert "haiku" not in out["net"]


def test_an_attribute_read_from_an_object_of_another_class(rewrite):
    """`block.size` is not the derived `size` of `Net`, as the block is built where one sees it."""
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Block(hk.Module):
                    def __init__(self, size):
                        super().__init__()
                        self.size = size

                    def __call__(self, x):
                        return hk.Linear(self.size)(x)


                class Net(hk.Module):
                    def __init__(self, size=None):
                        super().__init__()
                        self.size = size or 3

                    def __call__(self, x):
                        block = Block(self.size)
                        return block(x) / block.size
            """
        }
    )
    assert out["codes"] == []
    out = rewrite({"use": "from net import Net\n\n\ndef f(x, net: Net):\n    return net.size\n"})
    assert out["codes"] == ["HK107"]


def test_a_chain_of_layers_that_return_arrays_is_plain_linen(rewrite):
    """linen spreads tuples over the next layer's arguments, so they must be seen not to occur."""
    out = rewrite(
        {
            "net": """
                import haiku as hk
                import jax


                def f(x, layers):
                    a = hk.Sequential([hk.Flatten(), jax.nn.relu, hk.Linear(3), lambda y: (y, y)])
                    b = hk.Sequential([lambda y: (y, y), hk.Linear(3)])
                    c = hk.Sequential(layers)
                    d = hk.Sequential([hk.LSTM(3), hk.Linear(3)])
                    e = hk.Sequential([])
                    return a(x), b(x), c(x), d(x), e(x)
            """
        }
    )
    assert out["net"].count("nn.Sequential(") == 1
    assert "nn.Sequential([\n        Flatten(),\n        jax.nn.relu,\n" in out["net"]


def test_an_empty_docstring(rewrite):
    out = rewrite(
        {
            "net": '''
                import haiku as hk


                class Net(hk.Module):
                    """A net."""

                    def __init__(self, size):
                        """"""
                        super().__init__()
                        self.linear = hk.Linear(size)

                    def __call__(self, x):
                        return self.linear(x)
            '''
        }
    )
    assert (
        '    """A net."""\n\n    size: Any\n\n    def setup(self):\n        self.linear'
        in out["net"]
    )
    assert out["codes"] == []


def test_a_function_that_is_given_a_list_of_a_module(rewrite):
    out = rewrite(
        {
            "util": """
                def named(kinds):
                    if isinstance(kinds, list):
                        return "+".join(kinds)
                    return kinds


                def chosen(kinds):
                    return named(kinds)


                def other(kinds):
                    return isinstance(kinds, list)
            """,
            "net": """
                import haiku as hk
                from util import chosen, other


                class Net(hk.Module):
                    def __init__(self, kinds):
                        super().__init__()
                        self.kinds = kinds
                        self.chosen = chosen(kinds)

                    def __call__(self, x):
                        return hk.Linear(len(self.chosen))(x), other(x)


                named = chosen
            """,
        }
    )
    assert "    if isinstance(kinds, (list, tuple)):\n" in out["util"]
    assert "    return isinstance(kinds, list)\n" in out["util"]


def test_dicts_called_params_that_hold_no_parameters(rewrite):
    out = rewrite(
        {
            "specs": """
                import inspect


                def kinds(f):
                    params = inspect.signature(f).parameters
                    return {p.kind for p in params.values()}


                def first(kernel_params):
                    return {k: v[0] for k, v in kernel_params.items()}
            """,
            "train": """
                import haiku as hk
                from specs import first, kinds


                def names(params):
                    return [module for module, _ in params.items()], first, kinds


                def f(x):
                    return hk.Linear(3)(x)
            """,
        }
    )
    assert out["codes"] == ["HK201"]


def test_numpy_in_double_precision_does_not_make_jax_compute_so(rewrite):
    net = """
        import haiku as hk
        import numpy as np


        def f(x):
            return hk.Linear(3)(np.asarray(x, np.float64))
    """
    assert "nn.Dense(3" in rewrite({"net": net})["net"]
    out = rewrite(
        {
            "net": net,
            "main": "import haiku\nimport jax\nfrom net import f\n\njax.config.update('jax_enable_x64', True)\n",
        }
    )
    assert "return Linear(3)(" in out["net"]


def test_a_module_that_takes_the_place_of_the_base_classs(rewrite):
    """linen gave the name of the attribute to the module that the base class built."""
    out = rewrite(
        {
            "net": """
                import haiku as hk


                class Base(hk.Module):
                    def __init__(self, size):
                        super().__init__()
                        self.size = size
                        self.head = hk.Linear(size)
                        self.layers = [hk.Linear(size)]

                    def __call__(self, x):
                        return self.head(x)


                class Deep(Base):
                    def __init__(self, size, is_deep=True):
                        super().__init__(size)
                        if is_deep:
                            self.head = hk.Sequential([hk.Linear(9), hk.Linear(size)])
                        else:
                            self.head = hk.LayerNorm(-1, True, True)


                class Lists(Base):
                    def __init__(self, size):
                        super().__init__(size)
                        self.layers = [hk.Linear(2 * size)]
            """
        }
    )
    text = "".join(out["net"].split())
    assert 'name="head_deep"' in text
    assert 'nn.LayerNorm(epsilon=1e-5,use_fast_variance=False,name="head_deep2")' in text
    assert out["codes"] == ["HK102"]


def test_a_field_called_init_does_not_hide_linen_s_init(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk

                class Quaternion(hk.Module):
                    def __init__(self, size, init="zeros", name=None):
                        super().__init__(name)
                        self.size = size
                        self.init = init

                    def __call__(self, x):
                        return hk.Linear(self.size, name=self.init)(x)

                model = hk.transform(lambda x: Quaternion(3)(x))
                params = model.init(None, 1.0)
                """
        }
    )
    assert "init_: str" in out["net"]
    assert "def init(" not in out["net"]


def test_an_attribute_that_only_haiku_s_layer_has_needs_a_person(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk

                class Shifted(hk.Bias):
                    def __call__(self, x):
                        y = super().__call__(x)
                        return y, self.bias_shape, self.b_init, self.own, self.output_size

                    def own(self):
                        return 1
                """
        }
    )
    assert out["codes"] == ["HK104"]


def test_what_was_lined_up_is_lined_up(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk

                class Core(hk.RNNCore):
                    def __init__(self, size,
                                 name=None):
                        super().__init__(name=name)
                        self.core = hk.DeepRNN([hk.LSTM(size),
                                                hk.GRU(size)])
                        self.head = hk.nets.MLP([size,
                                                 size],
                                                activate_final=True)

                def _forward(x,
                             y):
                    net = hk.nets.MLP(
                        [3, 4],
                        activate_final=True)
                    return print(net(x),
                          y)

                model = hk.transform(_forward)

                def run(key, x):
                    return model.apply(model.init(key, x, x), None, x, x)
                """
        }
    )
    text = out["net"]
    assert (
        "        self.core = DeepRNN([LSTM(self.size),\n"
        "                             GRU(self.size)])\n"
        "        self.head = MLP([self.size,\n"
        "                         self.size],\n"
        "                        activate_final=True)\n"
    ) in text
    assert "    def __call__(self, x,\n                 y):\n" in text
    assert "print(net(x),\n              y)" in text
    assert "super().setup()" not in text


def test_python_s_types_beside_the_project_s(rewrite):
    out = rewrite(
        {
            "pkg/__init__": "",
            "pkg/types": "Array = object\n",
            "pkg/net": """
                import functools

                import haiku as hk
                from pkg import types

                class Net(hk.Module):
                    def __call__(self, x: types.Array):
                        self.last = x
                        return functools.reduce(max, x)
                """,
        }
    )
    head = out["pkg/net"].split("class")[0]
    assert head.startswith("import functools\nimport types as python_types\n")


def test_a_multi_line_header_of_a_transformed_function(rewrite):
    out = rewrite(
        {
            "net": """
                import haiku as hk

                def _forward(
                    x,
                    y,
                ):
                    return hk.Linear(3)(x) + y

                model = hk.transform(_forward)

                def run(key, x):
                    return model.apply(model.init(key, x, x), None, x, x)
                """
        }
    )
    assert "    def __call__(\n        self,\n        x,\n        y,\n    ):\n" in out["net"]


def test_helpers_of_an_earlier_run_stay(rewrite):
    first = rewrite(
        {"net": "import haiku as hk\nsummary = hk.experimental.tabulate(print)\n", "setup": ""}
    )
    assert first["codes"] == []
    again = rewrite({k: v for k, v in first.items() if k != "codes"})
    assert again == first


def test_a_field_whose_class_linen_takes_away(rewrite):
    out = rewrite(
        {
            "net": """
                from typing import Optional
                import haiku as hk

                class Shape(tuple):
                    def size(self):
                        return len(self)

                class Block(hk.Module):
                    def __init__(self, shape: Optional[Shape], sizes: tuple):
                        super().__init__()
                        self._shape, self.sizes = shape, sizes

                    def __call__(self, x):
                        return hk.Linear(self._shape.size())(x), self.sizes.index(3), self._shape[0]
                """
        }
    )
    assert out["codes"] == ["HK101"]


def test_other_packages_that_need_haiku(rewrite):
    out = rewrite(
        {
            "net": """
                import e3nn_jax as e3nn
                import haiku as hk
                from numpyro.contrib.module import haiku_module
                from pkg import haiku as own
                from other.haiku import layers

                class Net(hk.Module):
                    def __call__(self, x):
                        return own.scale(e3nn.haiku.Linear("0e")(layers.Deep()(x)))

                def model(x):
                    return haiku_module("net", hk.transform(lambda x: Net()(x)))(x)
                """,
            "pkg/__init__": "",
            "pkg/haiku": "def scale(x): return 2 * x\n",
        }
    )
    assert out["codes"] == ["HK101"] * 3


USES_NAMES = "def decays(name): return name.startswith('mlp/~/linear')\n"


def test_a_project_that_only_speaks_of_haiku(rewrite):
    """A project that has moved on already may convert old checkpoints by name."""
    text = f"# the checkpoints were made by haiku\nOLD = 'a haiku checkpoint'\n{USES_NAMES}"
    assert rewrite({"names": text})["codes"] == []


def test_a_package_of_the_project_called_haiku(rewrite):
    files = {
        "haiku/__init__": "from haiku.poems import Linear\n",
        "haiku/poems": "class Linear: pass\n",
        "net": f"import haiku as hk\nx = hk.Linear(3)\n{USES_NAMES}",
    }
    out = rewrite(files)
    assert out.pop("codes") == []
    assert out == files


def test_a_copy_of_haiku_in_the_project(rewrite):
    out = rewrite(
        {
            "setup": "",
            "src/haiku/__init__": "from haiku._src.basic import Linear\n",
            "src/haiku/_src/__init__": "",
            "src/haiku/_src/module": "class Module: pass\n",
            "src/haiku/_src/basic": "from haiku._src.module import Module\nclass Linear(Module): pass\n",
            "src/app/__init__": "",
            "src/app/net": "import haiku as hk\ndef f(x): return hk.Linear(3)(x)\n",
        }
    )
    assert out["codes"] == []
    assert "nn.Dense(3" in out["src/app/net"]
    assert out["src/haiku/__init__"] == "from haiku._src.basic import Linear\n"


def test_prose_that_begins_like_an_import(rewrite):
    text = '"""Samples\n    from \n    import\t\nthe policy\n    from . \n"""\nx = 1\n'
    out = rewrite({"prose": text, "net": "import haiku as hk\nx = hk.Linear\n"})
    assert out["prose"] == text


def test_names_that_swap_their_values(rewrite):
    out = rewrite(
        {
            "train": """
                import haiku as hk
                import jax

                def train(params, old, steps):
                    now, before = params, old
                    for _ in range(steps):
                        now, before = before, now
                        again = now
                        now = again
                    return {now: 1, before: 2}, jax.jit(now)
                """
        }
    )
    assert out["codes"] == []


def test_initialisers_of_another_library_s_layers(rewrite):
    out = rewrite(
        {
            "own": """
                import haiku as hk

                class Module:
                    def __call__(self, x):
                        return self.call(x)

                class Norm(Module):
                    def __init__(self, scale_init):
                        self.scale_init = scale_init

                    def call(self, x):
                        return x * self.scale_init(x.shape, x.dtype)

                class Wrapped:
                    def __init__(self, w_init):
                        self.w_init = w_init

                    def __call__(self, x):
                        return hk.Linear(3, w_init=self.w_init)(x)

                class Config:
                    def __init__(self, w_init):
                        self.w_init = w_init
                """,
            "use": """
                import jax.numpy as jnp
                from own import Config, Norm, Wrapped

                layers = Norm(scale_init=jnp.ones), Wrapped(w_init=jnp.zeros), Config(w_init=jnp.zeros)
                """,
        }
    )
    assert "Norm(scale_init=jnp.ones), Wrapped(w_init=nn.initializers.zeros)" in out["use"]
    assert "Config(w_init=nn.initializers.zeros)" in out["use"]


def test_another_library_s_module_name(rewrite):
    other = "# as in haiku\ndef f(node): return node.module_name, node.params_dict\n"
    files = {
        "net": "import haiku as hk\nclass A(hk.Module): pass\ndef f(m): return m.module_name\n",
        "tool": other,
    }
    assert rewrite(files)["codes"] == ["HK104"]
