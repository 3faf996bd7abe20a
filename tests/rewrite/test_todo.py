"""What is left for a person: one comment at the line, once, and a file that still runs."""

from tests.sources import codes, diagnostics, rewrite

LEFT = "hk.no_such_thing(x)"


def test_a_comment_above_the_statement():
    found = rewrite(f"import haiku as hk\n\n\ndef f(x):\n    y = 1\n    return {LEFT}\n")
    assert "    y = 1\n    # TODO(hk2flax): HK101 haiku.no_such_thing" in found
    assert f"\n    return {LEFT}\n" in found


def test_once_a_statement():
    found = rewrite(f"import haiku as hk\nx = 1\ny = [{LEFT}, {LEFT}]\n")
    assert found.count("TODO(hk2flax)") == 1


def test_above_the_decorators():
    found = rewrite("import haiku as hk\n\n\n@print\n@hk.no_such_thing\ndef f(x):\n    pass\n")
    todo = found.index("# TODO(hk2flax)")
    assert todo < found.index("@print")


def test_above_a_statement_over_lines():
    found = rewrite(f"import haiku as hk\nx = 1\ny = (\n    1,\n    {LEFT},\n)\n")
    assert "\nx = 1\n# TODO(hk2flax): HK101" in found


def test_in_a_one_line_body():
    found = rewrite(f"import haiku as hk\n\n\ndef f(x): return {LEFT}\n")
    assert "# TODO(hk2flax)" in found


def test_in_the_branches_of_an_if():
    source = f"import haiku as hk\nx = 1\nif x:\n    pass\nelif {LEFT}:\n    pass\n"
    assert "# TODO(hk2flax)" in rewrite(source)


def test_name_dependence():
    source = "import haiku as hk\n\n\ndef mask(params):\n    return {k: 'batchnorm' not in k for k in params}\n"
    found = rewrite(source)
    assert "    # TODO(hk2flax): HK201 " in found
    assert codes(source) == ["HK201"]


def test_suppressed_places_get_no_comment():
    source = f"import haiku as hk\nx = 1\ny = {LEFT}  # hk2flax: ignore[HK101]\nz = {LEFT}\n"
    found = rewrite(source)
    assert found.count("TODO(hk2flax)") == 1
    assert found.index("# TODO(hk2flax)") > found.index("ignore[HK101]")


def test_suppressed_files_get_no_comment():
    source = f"# hk2flax: ignore-file[HK1]\nimport haiku as hk\nx = 1\ny = {LEFT}\n"
    assert "TODO(hk2flax)" not in rewrite(source)


def test_a_class_that_cannot_be_converted_stays_whole():
    source = """
    import haiku as hk


    class A(hk.Module):
        def __init__(self, n, name=None):
            if n:
                super().__init__(name=name)
            self.n = n

        def __call__(self, x):
            return self.n * x
    """
    found = rewrite(source)
    assert "# TODO(hk2flax): HK102 A:" in found
    assert "class A(hk.Module):" in found
    assert "def __init__(self, n, name=None):" in found
    assert [d.code for d in diagnostics(source)] == ["HK102"]


def test_half_precision_is_noted_once():
    source = """
    import haiku as hk
    import jax.numpy as jnp

    def f(x):
        x = x.astype(jnp.bfloat16)
        return hk.Linear(3)(hk.Linear(4)(x)).astype(jnp.bfloat16)
    """
    assert codes(source) in (["HK302"], [])
    assert codes(source, "linen").count("HK302") == 1
