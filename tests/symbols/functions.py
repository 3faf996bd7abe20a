"""Functions without parameters: padding, dropout, one-hot, sampling, structures of parameters."""

from __future__ import annotations

import numpy as np

from tests.symbols.inputs import normal
from tests.symbols.proof import Proof

TREES = """
def is_weight(module, name, value):
    return name == 'w' and value.ndim == 2


def which(module, name, value):
    return 0 if module == 'lin' else 1 + value.ndim % 2


def shown(tree):
    return [f'{module} {name}' for module, name, _ in hk.data_structures.traverse(tree)], tree
"""
TREE = "{'lin': {'w': w, 'b': b}, 'out': {'w': cube}, 'top': {'scale': b}}"
WEIGHTS = {"w": normal(4, 3), "cube": normal(2, 3, 3, seed=1), "b": normal(3, seed=2)}


def trees(*cases: str, before: str = "") -> Proof:
    """Functions on trees of two levels, which are the same in Haiku and in Flax.

    What looks at names is reported, because names of parameters change.
    """
    names = before or any("lambda m, n" in case or "for m, n" in case for case in cases)
    reports = frozenset({"HK201"}) if names else frozenset()
    return Proof(helper=cases, before=before, inputs=WEIGHTS, reports=reports)


def pad(name: str) -> Proof:
    return Proof(
        helper=(
            f"[hk.pad.{name}(k) for k in range(1, 8)]",
            f"hk.pad.{name}(effective_kernel_size=5)",
            f"[f(4) for f in (hk.pad.{name}, hk.pad.valid)]",
        ),
        half=None,
    )


PROOFS = {
    "haiku.pad.valid": pad("valid"),
    "haiku.pad.same": pad("same"),
    "haiku.pad.full": pad("full"),
    "haiku.pad.causal": pad("causal"),
    "haiku.pad.reverse_causal": pad("reverse_causal"),
    "haiku.pad.create": Proof(
        helper=(
            "hk.pad.create(hk.pad.causal, 3, 2, 2)",
            "hk.pad.create(padding=hk.pad.same, kernel=(3, 5), rate=(1, 2), n=2)",
            "hk.pad.create([hk.pad.full], 4, 1, 3)",
            "hk.pad.create((hk.pad.full, hk.pad.valid), [2, 3], 3, 2)",
        ),
        half=None,
    ),
    "haiku.pad.create_from_tuple": Proof(
        helper=(
            "hk.pad.create_from_tuple((1, 2), 3)",
            "hk.pad.create_from_tuple(padding=[(1, 2)], n=2)",
            "hk.pad.create_from_tuple(((1, 2), (3, 4)), 2)",
        ),
        half=None,
    ),
    "haiku.pad.is_padfn": Proof(
        helper=(
            "hk.pad.is_padfn(hk.pad.same), hk.pad.is_padfn((1, 2))",
            "hk.pad.is_padfn(padding=[hk.pad.same, hk.pad.full])",
            "hk.pad.is_padfn([(1, 2)]), hk.pad.is_padfn(lambda k: (k, k))",
        ),
        half=None,
    ),
    "haiku.dropout": Proof(
        native=("hk.dropout(hk.next_rng_key(), 0.5, rows)",),
        helper=(
            "hk.dropout(rng=hk.next_rng_key(), rate=0.25, x=image, broadcast_dims=(1, 2))",
            "hk.dropout(jax.random.PRNGKey(3), 0.9, image, [-1])",
            "hk.dropout(hk.next_rng_key(), rate, rows)",
            "hk.dropout(None, 0, rows)",
            "hk.dropout(jax.random.PRNGKey(3), 0.0, rows, broadcast_dims=())",
        ),
        inputs={"rate": np.asarray(0.5, np.float32)},
    ),
    "haiku.one_hot": Proof(
        native=(
            "hk.one_hot(ids, 4)",
            "hk.one_hot(x=ids, num_classes=7, dtype=jnp.int32)",
            "hk.one_hot(ids, 7, row.dtype)",
            "hk.one_hot(outside, 3)",
            "hk.one_hot(2, 5)",
            "hk.one_hot(ids, 4, jnp.bool_)",
        ),
        inputs={"outside": np.array([-1, 0, 3], np.int32)},
    ),
    "haiku.multinomial": Proof(
        helper=(
            "hk.multinomial(hk.next_rng_key(), rows, 5)",
            "hk.multinomial(rng=hk.next_rng_key(), logits=sequence, num_samples=2)",
            "hk.multinomial(jax.random.PRNGKey(2), row, num_samples=1000)",
            "hk.multinomial(jax.random.PRNGKey(2), sequence, 1)",
        ),
    ),
    "haiku.get_channel_index": Proof(
        helper=(
            "[hk.get_channel_index(f) for f in ('channels_first', 'NC...', 'NCW', 'NCDHW')]",
            "[hk.get_channel_index(f) for f in ('channels_last', 'N...C', 'NWC', 'NHWC')]",
            "hk.get_channel_index(data_format='NCHW')",
            "[hk.get_channel_index(f) for f in ('NDHWC', 'NC', 'BTHWD', 'TBD', 'BTD', 'NCT')]",
        ),
        half=None,
    ),
    "haiku.data_structures.traverse": trees(
        f"[f'{{m}}/{{n}}' for m, n, _ in hk.data_structures.traverse({TREE})]",
        f"[v for _, _, v in hk.data_structures.traverse(structure={TREE})]",
        "list(hk.data_structures.traverse({}))",
    ),
    "haiku.data_structures.map": trees(
        f"hk.data_structures.map(lambda m, n, v: v * len(m) + len(n), {TREE})",
        f"hk.data_structures.map(fn=lambda m, n, v: f'{{m}}.{{n}}', structure={TREE})",
        "hk.data_structures.map(lambda m, n, v: 2 * v, {'a': {'b': number}})",
    ),
    "haiku.data_structures.filter": trees(
        f"shown(hk.data_structures.filter(is_weight, {TREE}))",
        f"shown(hk.data_structures.filter(predicate=lambda m, n, v: m > 'm', structure={TREE}))",
        f"shown(hk.data_structures.filter(lambda *_: False, {TREE}))",
        "hk.data_structures.filter(is_weight, {'a': {'w': cube}})",
        before=TREES,
    ),
    "haiku.data_structures.partition": trees(
        f"[shown(part) for part in hk.data_structures.partition(is_weight, {TREE})]",
        f"""
        weights, rest = hk.data_structures.partition(predicate=is_weight, structure={TREE})
        return hk.data_structures.merge(weights, rest)
        """,
        "hk.data_structures.partition(lambda *_: True, {'a': {'b': number}})",
        before=TREES,
    ),
    "haiku.data_structures.partition_n": trees(
        f"[shown(part) for part in hk.data_structures.partition_n(which, {TREE}, 3)]",
        f"hk.data_structures.partition_n(fn=lambda *_: 1, structure={TREE}, n=2)[1]",
        "hk.data_structures.partition_n(which, {'a': {'w': cube}}, 3)",
        before=TREES,
    ),
    "haiku.data_structures.merge": trees(
        f"hk.data_structures.merge({TREE}, {{'lin': {{'b': 2 * b}}, 'new': {{'w': w}}}})",
        "hk.data_structures.merge({'a': {'w': w}}, {'a': {'b': b}}, check_duplicates=True)",
        "hk.data_structures.merge()",
        f"hk.data_structures.merge({TREE}, check_duplicates=False)",
    ),
    "haiku.data_structures.is_subset": trees(
        f"hk.data_structures.is_subset(subset={{'lin': {{'w': 0}}}}, superset={TREE})",
        f"hk.data_structures.is_subset(subset={TREE}, superset={{'lin': {{'w': 0}}}})",
        f"hk.data_structures.is_subset(subset={{}}, superset={TREE})",
    ),
    "haiku.data_structures.to_haiku_dict": trees(
        f"hk.data_structures.to_haiku_dict({TREE})",
        "hk.data_structures.to_haiku_dict(structure={'a': {'b': number}})",
    ),
    "haiku.data_structures.to_immutable_dict": trees(
        f"dict(hk.data_structures.to_immutable_dict({TREE})['lin'])",
        "sorted(hk.data_structures.to_immutable_dict(mapping={'a': {'b': number}}))",
    ),
    "haiku.data_structures.to_mutable_dict": trees(
        f"hk.data_structures.to_mutable_dict(hk.data_structures.to_immutable_dict({TREE}))",
        """
        tree = hk.data_structures.to_mutable_dict(mapping={'a': {'b': number}})
        tree['a']['c'] = 2 * number
        return tree
        """,
    ),
    "haiku.data_structures.tree_size": trees(
        f"hk.data_structures.tree_size({TREE})",
        "hk.data_structures.tree_size(tree=[w, (b, {'c': cube})])",
    ),
    "haiku.data_structures.tree_bytes": trees(
        f"hk.data_structures.tree_bytes({TREE})",
        "hk.data_structures.tree_bytes(tree=[w, (b, {'c': cube.astype(jnp.float32)})])",
    ),
}
