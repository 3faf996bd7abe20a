"""Random Haiku programs that look as if a person had written them.

`write_programs(folder, count, seed)` writes programs in the shape of the fixtures. The same seed
always gives the same text. A program may be one that Haiku itself refuses (shared weights with two
shapes); the harness skips those.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

_ACTIVATIONS = ["jax.nn.relu", "jnp.tanh", "jax.nn.gelu", "jax.nn.silu", "jax.nn.elu"]
_WORDS = ["Residual", "Gated", "Dense", "Wide", "Narrow", "Mixer", "Torso", "Encoder", "Refine"]
_INITS = [
    "hk.initializers.TruncatedNormal(0.1)",
    "hk.initializers.VarianceScaling(2.0)",
    "hk.initializers.RandomNormal(stddev=0.05)",
    "hk.initializers.Orthogonal()",
]


@dataclass
class Block:
    """A module class: `init` and `body` lines, constructor parameters with example values."""

    name: str
    params: list[tuple[str, str | None, str]] = field(default_factory=list)
    init: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    methods: list[tuple[str, str, list[str]]] = field(default_factory=list)
    parent: str = "hk.Module"
    default_name: str = "None"
    training: bool = True


class Writer:
    """Draws one program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.stateful = False
        self.blocks: list[Block] = []
        self.names: set[str] = set()
        self.indent = self.random.choice(["  ", "    "])

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def pick(self, items):
        return self.random.choice(items)

    # Expressions and statements. Every statement maps x to x.

    def linear(self, size: str) -> str:
        extra = ""
        if self.maybe(0.15):
            extra += ", with_bias=False"
        if self.maybe(0.15):
            extra += f", w_init={self.pick(_INITS)}"
        if self.maybe(0.2):
            extra += f', name="{self.pick(["proj", "fc", "linear", "out", "fc_1"])}"'
        return f"hk.Linear({size}{extra})"

    def norm(self) -> list[str]:
        kind = self.random.random()
        if kind < 0.5:
            form = self.pick(["axis=-1, create_scale=True, create_offset=True", "-1, True, True"])
            return [f"x = hk.LayerNorm({form})(x)"]
        if kind < 0.65:
            return ["x = hk.RMSNorm(axis=-1)(x)"]
        self.stateful = True
        rate = self.pick(["0.9", "0.99", "decay_rate=0.95"])
        call = self.pick(["x, is_training", "x, is_training=is_training"])
        return [f"x = hk.BatchNorm(True, True, {rate})({call})"]

    def statement(self, size: str, block: Block) -> list[str]:
        act = self.pick(["self.act", *_ACTIVATIONS]) if self._has(block, "act") else ""
        act = act or self.pick(_ACTIVATIONS)
        kind = self.random.randrange(17)
        if kind < 3:
            return [f"x = {act}({self.linear(size)}(x))"]
        if kind == 3:
            return [f"x = {self.linear(size)}({act}({self.linear(size)}(x)))"]
        if kind == 4:
            return [f"h = {self.linear(size)}(x)", f"x = {act}(h) + {self.linear(size)}(h)"]
        if kind == 5:
            return [
                f"for _ in range({self.pick(['2', '3'])}):",
                f"    x = x + {act}(hk.Linear(x.shape[-1])(x))",
            ]
        if kind == 6:
            return [
                f"for i in range({self.pick(['2', '3'])}):",
                f'    x = {act}(hk.Linear({size}, name=f"layer_{{i}}")(x))',
            ]
        if kind == 7:
            return self.norm()
        if kind == 8:
            return [
                "if is_training:",
                f"    x = hk.dropout(hk.next_rng_key(), {self.pick(['0.1', '0.25'])}, x)",
            ]
        if kind == 9:
            return [
                f"rate = {self.pick(['0.1', '0.3'])} if is_training else 0.0",
                "x = hk.dropout(hk.next_rng_key(), rate, x)",
            ]
        if kind == 10:
            return [
                'gain = hk.get_parameter("gain", [x.shape[-1]], init=jnp.ones)',
                f"x = x * gain + {self.pick(['0.5', '1.0'])}",
            ]
        if kind == 11:
            return [f"x = hk.nets.MLP([{size}, {size}], activation={act})(x)"]
        if kind == 12:
            n = self.pick(["2", "3"])
            return [
                "def layer(h):",
                f"    return h + {act}(hk.Linear(h.shape[-1])(h))",
                "",
                f"x = hk.experimental.layer_stack({n})(layer)(x)",
            ]
        if kind == 13:
            self.stateful = True
            return [
                'seen = hk.get_state("seen", [], jnp.float32, init=jnp.zeros)',
                "if is_training:",
                '    hk.set_state("seen", seen + 1)',
                "x = x + 0.01 * seen",
            ]
        if kind == 14:
            return [
                f"net = hk.Sequential([{self.linear(size)}, {act}, {self.linear(size)}])",
                "x = net(x)",
            ]
        if kind == 15:
            return [
                f"cell = hk.{self.pick(['GRU', 'LSTM'])}({size})",
                "xs = jnp.stack([x, 0.5 * x, -x])",
                "ys, _ = hk.dynamic_unroll(cell, xs, cell.initial_state(x.shape[0]))",
                "x = ys[-1]",
            ]
        return [f"x = hk.remat({self.linear(size)})(x)"]

    @staticmethod
    def _has(block: Block, attribute: str) -> bool:
        return any(line.startswith(f"self.{attribute} =") for line in block.init)

    # Classes.

    def block(self) -> Block:
        word = self.pick([w for w in _WORDS if f"{w}Block" not in self.names])
        name = f"{word}Block"
        self.names.add(name)
        block = Block(name)
        stored = self.pick(["size", "_size", "width", "_hidden"])
        block.params.append(("size", None, self.pick(["4", "6", "8"])))
        block.init.append(f"self.{stored} = size")
        size = f"self.{stored}"
        if self.maybe(0.4):
            default = self.pick([None, "jax.nn.relu", "jnp.tanh"])
            if default is None:
                block.params.append(("activation", "None", "None"))
                block.init.append("self.act = activation or jax.nn.relu")
            else:
                block.params.append(("activation", default, default))
                block.init.append("self.act = activation")
        if self.maybe(0.3):
            block.default_name = repr(self.pick(["block", "linear", name.lower()]))
        self._submodules(block, size)
        for _ in range(self.random.randint(1, 3)):
            block.body += self.statement(size, block)
        if self.maybe(0.35):
            self._helper(block, size)
        if self.maybe(0.3):
            block.body.insert(0, "shortcut = x")
            block.body += [
                "if shortcut.shape[-1] != x.shape[-1]:",
                '    shortcut = hk.Linear(x.shape[-1], name="shortcut")(shortcut)',
                "x = x + shortcut",
            ]
        if self.maybe(0.3):
            block.params.append(("use_norm", "True", self.pick(["True", "False"])))
            block.init.append("self.use_norm = use_norm")
            block.body.append("if self.use_norm:")
            block.body += ["    " + line for line in self.norm()]
        return block

    def _submodules(self, block: Block, size: str) -> None:
        if self.maybe(0.35):
            attribute = self.pick(["linear", "_proj", "first"])
            block.init.append(f"self.{attribute} = {self.linear('size')}")
            block.body.append(f"x = {self.pick(_ACTIVATIONS)}(self.{attribute}(x))")
        if self.maybe(0.2):
            block.init.append("self.layers = [hk.Linear(size) for _ in range(2)]")
            block.body += ["for layer in self.layers:", "    x = jax.nn.relu(layer(x))"]
        elif self.maybe(0.15):
            block.init += [
                "self._stack = []",
                "for i in range(2):",
                '    self._stack.append(hk.Linear(size, name=f"stack_{i}"))',
            ]
            block.body += ["for layer in self._stack:", "    x = jnp.tanh(layer(x))"]
        if self.maybe(0.15):
            block.init.append("self.norm = hk.LayerNorm(-1, True, True)")
            block.body.append("x = self.norm(x)")
        if self.maybe(0.12):
            block.init.append(
                'self.heads = {"a": hk.Linear(size), "b": hk.Linear(size, name="head_b")}'
            )
            block.body.append('x = self.heads["a"](x) * jax.nn.sigmoid(self.heads["b"](x))')

    def _helper(self, block: Block, size: str) -> None:
        name = self.pick(["_embed", "project", "_mix"])
        lines = [f"x = {self.pick(_ACTIVATIONS)}({self.linear(size)}(x))"]
        if self.maybe(0.5):
            lines.append(f"x = {self.linear(size)}(x)")
        decorator = "@hk.transparent" if self.maybe(0.15) else ""
        block.methods.append((name, decorator, [*lines, "return x"]))
        use = self.pick(
            [
                f"x = self.{name}(x)",
                f"x = self.{name}(x) + self.{name}(-x)",
                f"x = jnp.concatenate([self.{name}(x), self.{name}(2 * x)], axis=-1)",
            ]
        )
        block.body.append(use)

    def derived(self, base: Block) -> Block:
        name = f"Deep{base.name}"
        block = Block(name, parent=base.name, default_name="None")
        block.params = [("size", None, base.params[0][2])]
        block.init = ["self.scale = 0.5 * size"]
        block.body = ["x = super().__call__(x, is_training) * self.scale"]
        block.body += [f'x = jnp.tanh(hk.Linear(x.shape[-1], name="{name.lower()}_extra")(x))']
        return block

    # Text.

    def text(self, block: Block) -> str:
        pad = self.indent
        lines = [f"class {block.name}({block.parent}):"]
        if self.maybe(0.5):
            lines.append(f'{pad}"""A {block.name.lower()}."""')
            lines.append("")
        signature = ["self"]
        for name, default, _ in block.params:
            kind = ": int" if name == "size" and self.maybe(0.4) else ""
            value = f" = {default}" if kind and default else f"={default}" if default else ""
            signature.append(f"{name}{kind}{value}")
        signature.append(f"name={block.default_name}")
        lines.append(f"{pad}def __init__({', '.join(signature)}):")
        call = "super().__init__(name=name)"
        if block.parent != "hk.Module":
            call = "super().__init__(size, name=name)"
        elif self.maybe(0.2):
            call = f"super({block.name}, self).__init__(name=name)"
        lines += self._indented([call, *block.init], 2)
        for name, decorator, body in block.methods:
            lines.append("")
            if decorator:
                lines.append(pad + decorator)
            lines.append(f"{pad}def {name}(self, x):")
            lines += self._indented(body, 2)
        lines.append("")
        lines.append(f"{pad}def __call__(self, x, is_training):")
        lines += self._indented([*block.body, "return x"], 2)
        return "\n".join(lines)

    def _indented(self, lines: list[str], depth: int) -> list[str]:
        out = []
        for line in lines:
            inner = (len(line) - len(line.lstrip())) // 4
            out.append((self.indent * (depth + inner) + line.lstrip()) if line else "")
        return out

    def construct(self, block: Block, deep: bool = True) -> str:
        arguments = []
        for index, (name, default, value) in enumerate(block.params):
            if index == 0:
                arguments.append(self.pick([value, f"size={value}"]))
            elif self.maybe(0.5) or default is None:
                arguments.append(f"{name}={value}")
        if self.maybe(0.15):
            arguments.append('name="body"')
        return f"{block.name}({', '.join(arguments)})"

    def program(self) -> str:
        self.blocks = [self.block() for _ in range(self.random.randint(1, 3))]
        if self.maybe(0.3):
            self.blocks.append(self.derived(self.pick(self.blocks)))
        image = self.maybe(0.3)
        calls = []
        if image:
            calls += [
                f"x = hk.Conv2D({self.pick(['3', '4'])}, {self.pick(['3', '(3, 3)'])}"
                f"{self.pick(['', ', stride=2', ', padding=' + repr('VALID')])})(x)",
                self.pick(["x = hk.Flatten()(jax.nn.relu(x))", "x = jnp.mean(x, axis=(1, 2))"]),
            ]
        for block in self.blocks:
            again = self.maybe(0.2)
            if again:
                calls.append(f"block = {self.construct(block)}")
                calls.append("x = block(x, is_training)")
                calls.append(f"x = {self.construct(block)}(x, is_training)")
            else:
                calls.append(f"x = {self.construct(block)}(x, is_training)")
        calls.append(f"return hk.Linear({self.pick(['2', '3'])})(x)")
        parts = [f"{self.pick(['import haiku as hk', 'import haiku as hk'])}"]
        parts[0] += "\nimport jax\nimport jax.numpy as jnp"
        parts += [self.text(block) for block in self.blocks]
        parts += self.transform(calls)
        shape = "(3, 5, 5, 2)" if image else "(3, 5)"
        body = "\n\n\n".join(parts)
        pad = self.indent
        for name, seed, flag in (("inputs", 0, True), ("inputs_eval", 1, False)):
            key = f"jax.random.PRNGKey({seed})"
            body += f"\n\n\ndef {name}():\n{pad}x = jax.random.normal({key}, {shape})\n"
            body += f"{pad}return (x, {flag}), {{}}"
        return body + "\n"

    def transform(self, calls: list[str]) -> list[str]:
        kind = "hk.transform_with_state" if self.stateful else "hk.transform"
        form = self.random.randrange(5)
        pad = self.indent
        build = f"def build():\n{pad}return model"
        if form == 0:  # a Net class and a lambda
            text = [f"class Net(hk.Module):\n{pad}def __call__(self, x, is_training):"]
            text[0] += "\n" + "\n".join(self._indented(calls, 2))
            return [*text, f"model = {kind}(lambda *args: Net()(*args))", build]
        function = "def forward(x, is_training):\n" + "\n".join(self._indented(calls, 1))
        if form == 1:
            return [f"@{kind}\n{function.replace('forward', 'model')}", build]
        if form == 2:  # a factory
            inner = "\n".join(self._indented(function.replace(self.indent, "    ").split("\n"), 1))
            factory = f"def make_model():\n{inner}\n\n{pad}return {kind}(forward)"
            return [factory, f"def build():\n{pad}return make_model()"]
        if form == 3:
            return [
                function,
                f"init, apply = {kind}(forward)",
                f"def build():\n{pad}return init, apply",
            ]
        return [function, f"model = {kind}(forward)", build]


def write_programs(folder: Path, count: int, seed: int) -> list[Path]:
    """Write `count` programs below `folder`, numbered by the seed they come from."""
    out = []
    for number in range(seed, seed + count):
        program = folder / f"random_{number:04}"
        program.mkdir(parents=True, exist_ok=True)
        (program / "driver.py").write_text(Writer(number).program())
        (program / "trap.json").write_text('{"expect": "equal"}\n')
        out.append(program)
    return out
