"""Pairing as a pure function over hand-made records."""

import pytest

from hk2flax.catalog.model import Leaf, Native, Symbol
from hk2flax.oracle.align import align
from hk2flax.oracle.errors import AlignmentError
from hk2flax.oracle.fit import layout
from hk2flax.oracle.records import Frame, LeafRecord, Record

LINEAR = Symbol(
    "haiku.Linear",
    "layer",
    native=Native("flax.linen.Dense", {}, leaves=(Leaf("w", "kernel"), Leaf("b", "bias"))),
    helper="Linear",
)
HK_LINEAR, DENSE = ("haiku._src.basic:Linear",), ("flax.linen.linear:Dense",)


def record(side, *modules):
    """modules: (name, class, keys, leaf names, order or None, frames around it)."""
    leaves = []
    for name, cls, keys, names, order, *around in modules:
        for leaf in names:
            kind = "param" if side == "source" else "params"
            path = (name, leaf) if side == "source" else (*name.split("/"), leaf)
            chain = (*around, Frame(name, cls, frozenset(keys)))
            shape = (4, 4)
            leaves.append(LeafRecord(kind, name, leaf, shape, "float32", path, chain, order))
    return Record(side, tuple(leaves))


def pairs(haiku, flax, symbols=(LINEAR,)):
    mapping = align(record("source", *haiku), record("target", *flax), symbols)
    return {f"{e.module}/{e.name}": "/".join(e.targets[0].path) for e in mapping.entries}


def test_order_decides_where_nobody_gave_names():
    found = pairs(
        [("linear_1", HK_LINEAR, (), ["w"], 0), ("linear", HK_LINEAR, (), ["w"], 1)],
        [("Dense_0", DENSE, (), ["kernel"], 0), ("Dense_1", DENSE, (), ["kernel"], 1)],
    )
    assert found == {"linear_1/w": "Dense_0/kernel", "linear/w": "Dense_1/kernel"}


def test_names_correct_an_order_that_differs():
    found = pairs(
        [("net/~/a", HK_LINEAR, ("a",), ["w"], 0), ("net/~/b", HK_LINEAR, ("b",), ["w"], 1)],
        [("b", DENSE, ("b",), ["kernel"], 0), ("a", DENSE, ("a",), ["kernel"], 1)],
    )
    assert found == {"net/~/a/w": "a/kernel", "net/~/b/w": "b/kernel"}


def test_names_of_one_side_only_do_not_disturb_the_order():
    found = pairs(
        [("linear", HK_LINEAR, (), ["w"], 0), ("linear_1", HK_LINEAR, (), ["w"], 1)],
        [("linear_1", DENSE, ("linear_1",), ["kernel"], 0), ("x", DENSE, ("x",), ["kernel"], 1)],
    )
    assert found == {"linear/w": "linear_1/kernel", "linear_1/w": "x/kernel"}


def test_without_order_and_names_nothing_is_guessed():
    with pytest.raises(AlignmentError, match="neither order nor names decide") as caught:
        pairs(
            [("p", HK_LINEAR, (), ["w"], None), ("q", HK_LINEAR, (), ["w"], None)],
            [("Dense_0", DENSE, (), ["kernel"], 0), ("Dense_1", DENSE, (), ["kernel"], 1)],
        )
    assert "p/w (4, 4)" in str(caught.value)
    assert "Dense_1/kernel (4, 4)" in str(caught.value)


def test_without_order_names_suffice():
    found = pairs(
        [("p", HK_LINEAR, ("p",), ["w"], None), ("q", HK_LINEAR, ("q",), ["w"], None)],
        [("q", DENSE, ("q",), ["kernel"], 0), ("p", DENSE, ("p",), ["kernel"], 1)],
    )
    assert found == {"p/w": "p/kernel", "q/w": "q/kernel"}


def test_classes_of_the_users_own_outweigh_order():
    found = pairs(
        [("a", ("m:A",), (), ["w"], 0), ("b", ("m:B",), (), ["w"], 1)],
        [("B_0", ("m:B",), (), ["w"], 0), ("A_0", ("m:A",), (), ["w"], 1)],
    )
    assert found == {"a/w": "A_0/w", "b/w": "B_0/w"}


def test_a_name_of_another_class_is_no_evidence():
    """A block that is called "linear" by default is not the layer that somebody named so."""
    block, gate = ("net:Block",), ("net:Gate",)
    named_block = Frame("linear", block, frozenset({"linear"}))
    found = pairs(
        [
            ("gate/linear", HK_LINEAR, (), ["w"], 0, Frame("gate", gate)),
            ("linear/linear", HK_LINEAR, (), ["w"], 1, named_block),
        ],
        [
            ("Gate_0/linear", DENSE, ("linear",), ["kernel"], 0, Frame("Gate_0", gate)),
            ("Block_0/Dense_0", DENSE, (), ["kernel"], 1, Frame("Block_0", block)),
        ],
    )
    assert found == {
        "gate/linear/w": "Gate_0/linear/kernel",
        "linear/linear/w": "Block_0/Dense_0/kernel",
    }


def test_a_helper_keeps_the_leaf_names():
    helper = ("compat:Linear",)
    found = pairs([("linear", HK_LINEAR, (), ["w", "b"], 0)], [("L", helper, (), ["w", "b"], 0)])
    assert found == {"linear/w": "L/w", "linear/b": "L/b"}


def test_native_leaf_names_need_the_native_class():
    with pytest.raises(AlignmentError, match="in Haiku only"):
        pairs([("net", ("m:Net",), (), ["w"], 0)], [("Dense_0", DENSE, (), ["kernel"], 0)])


def test_a_surplus_leaf_is_named():
    with pytest.raises(AlignmentError, match="in Flax only") as caught:
        pairs(
            [("linear", HK_LINEAR, (), ["w"], 0)],
            [("D", DENSE, (), ["kernel"], 0), ("E", DENSE, (), ["kernel", "bias"], 1)],
        )
    assert "E/bias" in str(caught.value)


@pytest.mark.parametrize(
    "shape, wanted, ops, expected",
    [
        ((3, 4), (3, 4), (), ()),
        ((1, 4), (4,), (("reshape", (-1,)),), (("reshape", (4,)),)),
        ((4,), (4,), (("reshape", (-1,)),), ()),
        ((5, 1, 4), (5, 4), (("reshape", (-1,)),), (("reshape", (5, 4)),)),
        ((4, 6), (4, 2, 3), (("reshape", ("k", "heads", -1)),), (("reshape", (4, 2, 3)),)),
        ((7, 3, 4, 5), (7, 3, 5, 4), (("swap", -1, -2),), (("swap", -1, -2),)),
        ((7, 3, 4), (7, 4, 3), (("transpose", (1, 0)),), (("transpose", (0, 2, 1)),)),
        ((7, 8), (7, 4), (("slice", 0, 0, 4),), (("slice", 1, 0, 4),)),
        ((1, 2, 1), (1, 2), (("squeeze",),), (("squeeze", 2),)),
        ((3, 4), (4, 5), (), None),
        ((3, 4), (4, 3), (), None),
    ],
)
def test_layouts_move_behind_the_axes_of_a_stack(shape, wanted, ops, expected):
    assert layout(shape, wanted, ops) == expected
