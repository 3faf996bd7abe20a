"""Reports on programs, against Haiku's on the same program."""

import dataclasses
import html
import re
from collections import Counter

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pytest
import tabulate as tables
from framework_programs import KEY, Linear, X
from haiku._src.dot import _format_val, to_graph
from haiku.experimental import jaxpr_info as haiku_info

from hk2flax.linen import summaries
from hk2flax.linen.dot import OPERATION, RESULT, abstract_to_dot, to_dot
from hk2flax.linen.jaxpr_info import jaxpr_info
from hk2flax.linen.scope import method_scope
from hk2flax.linen.summaries import ArraySpec, eval_summary
from hk2flax.linen.summary_table import GRID, SUMMARY_COLUMNS, grid_table, tabulate
from hk2flax.linen.transform import (
    transform,
    transform_with_state,
    with_empty_state,
    without_apply_rng,
)
from hk2flax.linen.variables import get_state, set_state


class HkNet(hk.Module):
    def __init__(self, size, flag=True, name=None):
        super().__init__(name=name)
        self.size, self.flag = size, flag

    def __call__(self, x, scale=1.0):
        n = hk.get_state("n", [], init=jnp.zeros)
        hk.set_state("n", n + 1)
        x = hk.Linear(self.size, name="a")(x)
        return self.head(jnp.tanh(x), scale=scale)

    def head(self, x, scale):
        self.note()
        return {"out": hk.Linear(2, name="b")(x) * scale, "n": 3}

    def note(self):
        pass


class Net(nn.Module):
    size: int
    flag: bool = True

    @method_scope
    def __call__(self, x, scale=1.0):
        n = get_state("n", [], init=nn.initializers.zeros)
        set_state("n", n + 1)
        x = Linear(self.size, name="a")(x)
        return self.head(jnp.tanh(x), scale=scale)

    @method_scope
    def head(self, x, scale):
        self.note()
        return {"out": Linear(2, name="b")(x) * scale, "n": 3}

    def note(self):
        pass


def programs(lib):
    """The same function, and its pairs."""
    if lib == "haiku":
        f = lambda x: HkNet(4, name="net")(x, scale=x.sum())  # noqa: E731
        pair = hk.transform_with_state(f)
        return f, pair, hk.transform(lambda x: hk.Linear(2, name="l")(x))
    f = lambda x: Net(4, name="net")(x, scale=x.sum())  # noqa: E731
    return f, transform_with_state(f), transform(lambda x: Linear(2, name="l")(x))


def path_of(module):
    return module.module_name if isinstance(module, hk.Module) else "/".join(module.path)


def facts(call):
    """What both records say, in words."""
    return {
        "stack": [(path_of(d.module), d.method_name) for d in call.call_stack],
        "module": path_of(call.module_details.module),
        "method": call.module_details.method_name,
        "params": {k: str(v) for k, v in call.module_details.params.items()},
        "state": {k: str(v) for k, v in call.module_details.state.items()},
        "sizes": {k: v.size for k, v in call.module_details.params.items()},
        "args": str(call.args_spec),
        "kwargs": str(call.kwargs_spec),
        "output": str(call.output_spec),
        "context": (path_of(call.context.module), call.context.method_name),
        "stacked": [sorted(map(str, d.params.items())) for d in call.call_stack],
    }


@pytest.mark.parametrize("which", [0, 1], ids=["function", "pair"])
def test_records_of_calls(which):
    theirs = hk.experimental.eval_summary(programs("haiku")[which])(X)
    ours = eval_summary(programs("ours")[which])(X)
    assert [facts(call) for call in ours] == [facts(call) for call in theirs]
    assert len(ours) == 5
    assert isinstance(ours[0].module_details.module, nn.Module)
    assert [f.name for f in dataclasses.fields(ours[0])] == [
        f.name for f in dataclasses.fields(hk.experimental.MethodInvocation)
    ]


def test_every_way_to_name_a_function():
    f, pair, other = programs("ours")
    expected = [facts(call) for call in eval_summary(f)(X)]
    for given in (pair.init, pair.apply, jax.jit(pair.apply), jax.jit(f), without_apply_rng(pair)):
        assert [facts(call) for call in eval_summary(given)(X)] == expected
    one = facts(eval_summary(other)(X)[0])
    for given in (other.apply, without_apply_rng(other), with_empty_state(other).init):
        assert [facts(call) for call in eval_summary(given)(X)] == [one]
    module = eval_summary(Net(4))(X)
    assert [path_of(call.module_details.module) for call in module] == ["", "a", "", "", "~head/b"]


@pytest.mark.parametrize(
    "dtype",
    [jnp.float32, jnp.bfloat16, jnp.int8, jnp.uint16, jnp.complex64, jnp.bool_, jnp.dtype("f2")],
)
def test_specs_of_arrays(dtype):
    ours, theirs = (s.ArraySpec((2, 3), dtype) for s in (summaries, hk.experimental))
    assert (str(ours), repr(ours), ours.size) == (str(theirs), repr(theirs), theirs.size)
    array = jnp.zeros((2,), dtype)
    assert str(ArraySpec.from_array(array)) == str(hk.experimental.ArraySpec.from_array(array))
    assert ArraySpec((), jnp.float32) == ArraySpec((), jnp.float32)


def test_tables_are_those_of_haiku():
    for options in (
        {},
        {"columns": None, "filters": None},
        {"columns": ["params_bytes", "module", "output"], "filters": ["has_output", "has_params"]},
        {"filters": ()},
        {"tabulate_kwargs": {"tablefmt": "github"}},
    ):
        theirs = hk.experimental.tabulate(programs("haiku")[1], **options)(X)
        ours = tabulate(programs("ours")[1], **options)(X)
        # Only names of classes differ, and Haiku shows the name of a module as an argument.
        assert plain(ours) == plain(theirs)
    empty = {"columns": ["module"], "filters": ["has_params"]}
    for make, table in ((hk.transform, hk.experimental.tabulate), (transform, tabulate)):
        assert table(make(lambda x: x), **empty)(X) == "No modules matching filters."


def plain(table):
    table = re.sub(r"~\w+/|, name='\w+'|[-=]{2,}|\bHk", "", table)
    return re.sub(r" +", " ", table.replace("Linear(size=", "Linear(output_size="))


@pytest.mark.parametrize("table", [hk.experimental.tabulate, tabulate])
def test_unknown_columns(table):
    with pytest.raises(ValueError, match=r"Invalid column\(s\) \['size'\], valid columns"):
        table(lambda: 1, columns=["size"])
    with pytest.raises(ValueError, match=r"Invalid filter\(s\) \['all'\], valid filters"):
        table(lambda: 1, filters=["all"])


@pytest.mark.parametrize("seed", range(5))
def test_the_grid(seed):
    import random

    rand = random.Random(seed)
    headers = rand.sample([header for header, _ in SUMMARY_COLUMNS.values()], 4)
    words = ["", "a", "f32[2,3]\nscale", "a\n └ net (Net)", "x" * 30, "1,010", "7.00 B"]
    rows = [[rand.choice(words) for _ in headers] for _ in range(4)]
    align = ["right" if header.startswith("Param ") else "left" for header in headers]
    # Numbers alone in a column would be read as such.
    expected = tables.tabulate(rows, headers=headers, colalign=align, disable_numparse=True, **GRID)
    assert grid_table(headers, rows) == expected.replace("\t", " ")


def test_how_modules_are_described():
    class Odd(nn.Module):
        sizes: tuple = (1, 2)
        start: object = nn.initializers.zeros
        text: str = "abc"
        array: object = None

        def __call__(self, x):
            return x

    def config(module):
        lines = tabulate(module, columns=["config"])(X).split("\n")
        return [line for line in lines if line.startswith("|")][1:]

    assert config(Odd()) == ["| Odd()    |"]
    assert config(Odd(name="n")) == ["| Odd()    |"]
    described = "".join(config(Odd((3,), nn.initializers.normal(), "x" * 70, jnp.ones(2))))
    for part in ("sizes=(3,)", "start=normal", "text='xxx", "array=Array([1., 1.]"):
        assert part in described


def test_sizes_in_bytes():
    def table(size, tab, make):
        return tab(lambda x: make(size)(x), columns=["params_bytes", "params_size"])(X)

    for size in (1, 80, 83, 300, 60_000):
        assert table(size, tabulate, Linear) == table(
            size, hk.experimental.tabulate, lambda size: hk.Linear(size)
        )


def operations(x, y):
    z = jnp.tanh(x @ y)
    jnp.sin(x)
    with jax.named_scope("a"):
        z = z * 2
        with jax.named_scope("b"):
            z = jnp.cos(z)
        z = z + 1
    z, ys = jax.lax.scan(lambda c, x: (jax.nn.relu(c) @ y, c.sum()), z, None, length=4)
    z = jax.jit(lambda z: jnp.tanh(z))(z)
    z = jax.lax.while_loop(lambda z: z.sum() < 3, lambda z: z + 1, z)
    z = jax.lax.cond(z.sum() < 3, lambda z: z + 1, lambda z: z - 1, z)
    z = jax.checkpoint(lambda z: jnp.sin(z))(z)
    many = jnp.split(jnp.concatenate([z] * 12), 12)
    return {"z": z, "ys": ys, "g": jax.grad(lambda x: jax.nn.softplus(x).sum())(x), "m": many}


@pytest.mark.parametrize("flops", [None, lambda equation, found: 100 * len(found.details)])
def test_operations_of_a_function(flops):
    x = jnp.ones((3, 3))

    def described(info):
        made = info.make_model_info(operations, compute_flops=flops, name="f")(x, x)
        return dataclasses.asdict(made), info.format_module(made)

    assert described(jaxpr_info) == described(haiku_info)
    made = jaxpr_info.make_model_info(operations, include_module_info=False)(x, x)
    assert (made.name, made.total_param_size) == ("operations", 0)
    again = jaxpr_info.Module("m", expressions=[jaxpr_info.Expression("add", "a b", "c")])
    assert jaxpr_info.format_module(again, 1) == "  m\n    add \n"


def test_operations_of_modules():
    def described(info, pair):
        params, state = pair.init(KEY, X)
        made = info.make_model_info(pair.apply)(params, state, None, X)
        return info.format_module(made), made

    def lines(text):
        """Names and sizes; layers add their bias in different ways."""
        plain = [re.sub(r" (in|out) .*", "", line) for line in text.splitlines()]
        return [line for line in plain if "broadcast" not in line]

    theirs, _ = described(haiku_info, programs("haiku")[1])
    ours, made = described(jaxpr_info, programs("ours")[1])
    # A method is a level of its own in Haiku, below which no module is found any more.
    head = (
        "    head\n      net\n        b\n          dot_general",
        "    net.head\n      b 10 params\n        dot_general",
    )
    theirs = theirs.replace("apply_fn", "apply").replace(*head)
    assert [line.strip() for line in lines(ours)] == [line.strip() for line in lines(theirs)]
    net = made.expressions[-1].submodule or made.expressions[0].submodule
    assert net.param_info == {
        "./a/w": "f32[3,4]",
        "./a/b": "f32[4]",
        "./~head/b/w": "f32[4,2]",
        "./~head/b/b": "f32[2]",
    }
    assert net.state_info == {"./n": "f32[]"}


def test_pages():
    x = jnp.ones((3, 3))
    made = jaxpr_info.make_model_info(operations, name="<f>", compute_flops=lambda *_: 2000)(x, x)
    page = jaxpr_info.as_html_page(made)
    assert page.count("<details>") == page.count("</details>") > 9
    assert "<b>&lt;f&gt;</b>" in page and "<f>" not in page
    assert jaxpr_info.css() in page and jaxpr_info.js() in page
    assert "2 kflops" in page and "dot_general" in page
    assert "dot_general" not in jaxpr_info.as_html(made, min_flop=2001)
    assert "a b = <b>&lt;f&gt;</b>" in jaxpr_info.as_html(made, outvars="a b")


def drawn(text):
    """Labels of nodes with their colours, groups, and the number of edges."""
    nodes = re.findall(r"^\S+ \[label=<(.*)>, .*fillcolor=\"(#\w+)\"\];$", text, re.M)
    groups = re.findall(r"label = <<b>(.*)</b>>;", text)
    return Counter(nodes), Counter(groups), len(re.findall(r" -> ", text))


def haiku_graph(graph):
    """The same of Haiku's graph, which can be printed with dm-tree only."""
    titles = Counter(f"<b>{node.title}</b><br/>{_format_val(node.id)}" for node in graph.nodes)
    edges, groups = len(graph.edges), Counter([graph.title])
    for inner in graph.subgraphs:
        found = haiku_graph(inner)
        titles, groups, edges = titles + found[0], groups + found[1], edges + found[2]
    return titles, groups, edges


def test_drawings_of_functions():
    w = jnp.ones((3, 3))

    def f(x, y):
        z = jax.jit(lambda x: jnp.tanh(x) @ w)(x["a"])
        return z, [z + y, y * y]

    x, y = {"a": jnp.ones((3, 3))}, jnp.ones(3)
    nodes, groups, edges = drawn(to_dot(f)(x, y))
    titles, expected, between = haiku_graph(to_graph(f)(x, y)[0])
    made = {label: n for (label, colour), n in nodes.items() if colour == OPERATION}
    assert Counter(made) == titles
    results = sorted(label for label, colour in nodes if colour == RESULT)
    assert [label.split("<br/>")[0] for label in results] == [
        "<b>output[0]</b>",
        "<b>output[1][0]</b>",
        "<b>output[1][1]</b>",
    ]
    assert edges == between + len(results)
    assert {html.unescape(group) for group in groups} == set(expected)
    shapes = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), (x, y))
    assert abstract_to_dot(f)(*shapes) == to_dot(f)(x, y)


def test_drawings_of_modules():
    _, pair, _ = programs("ours")
    params, state = pair.init(KEY, X)
    text = to_dot(pair.apply)(params, state, None, X)
    assert {"net", "a", "net.head", "b"} <= set(drawn(text)[1])
    assert text.count("{") == text.count("}")
    assert "args[0][&#x27;net&#x27;][&#x27;a&#x27;][&#x27;w&#x27;]" in text
    nodes = set(re.findall(r"^(n\d+) \[", text, re.M))
    edges = re.findall(r"^(n\d+) -> (n\d+);", text, re.M)
    assert {n for edge in edges for n in edge} <= nodes
