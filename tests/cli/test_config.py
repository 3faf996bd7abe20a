"""Options in pyproject.toml."""

import pytest

from hk2flax.project.config import Config, ConfigError, load


def write(root, text):
    (root / "pyproject.toml").write_text(text)
    return root


def test_nothing_configured(tmp_path):
    assert load(write(tmp_path, "")) == Config()
    assert load(write(tmp_path, "[tool.ruff]\nline-length = 100\n")) == Config()


def test_everything(tmp_path):
    write(
        tmp_path,
        """
        [tool.hk2flax]
        exclude = ["gen/"]
        prefer = "linen"
        select = ["HK1", "HK2"]
        ignore = ["HK102"]

        [[tool.hk2flax.verify]]
        source = "old"
        target = "new"
        entry = "driver:model"
        inputs = "driver:inputs"
        device = "cpu"

        [[tool.hk2flax.verify]]
        source = "old"
        target = "new"
        entry = "driver:other"
        """,
    )
    config = load(tmp_path)
    assert (config.exclude, config.prefer) == (("gen/",), "linen")
    assert (config.select, config.ignore) == (("HK1", "HK2"), ("HK102",))
    first, second = config.verify
    assert (first.source, first.target) == (tmp_path / "old", tmp_path / "new")
    assert (first.entry, first.inputs, first.device) == ("driver:model", "driver:inputs", "cpu")
    assert (second.entry, second.inputs, second.device) == ("driver:other", None, None)


def test_the_nearest_file_that_has_options(tmp_path):
    write(tmp_path, '[tool.hk2flax]\nprefer = "linen"\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    write(inner, "")
    (inner / "x.py").write_text("")
    assert load(inner / "x.py").prefer == "linen"
    (tmp_path / "a" / ".git").mkdir()
    assert load(inner).prefer is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[tool.hk2flax]\nprefre = "exact"', "did you mean prefer"),
        ("[tool.hk2flax]\nzzz = 1", "it knows exclude, prefer"),
        ('[tool.hk2flax]\nprefer = "nnx"', "'nnx'"),
        ('[tool.hk2flax]\nexclude = "gen"', "exclude must be a list of strings"),
        ("[tool.hk2flax]\nselect = [1]", "select must be a list of strings"),
        ("[tool.hk2flax]\nverify = 1", "array of tables"),
        ('[tool.hk2flax.verify]\nentry = "a:b"', "array of tables"),
        ('[[tool.hk2flax.verify]]\nentry = "a:b"', "number 1 has no source"),
        ("[[tool.hk2flax.verify]]\nsauce = 1", "did you mean source"),
        (
            '[[tool.hk2flax.verify]]\nsource = "a"\ntarget = "b"\nentry = 1',
            "entry must be a string",
        ),
        (
            '[[tool.hk2flax.verify]]\nsource = "a"\ntarget = "b"\nentry = "a:b"\ndevice = "tpu"',
            "'tpu'",
        ),
        ("[tool]\nhk2flax = 3", "must be a table"),
        ("[tool.hk2flax", "not valid TOML"),
    ],
)
def test_mistakes(tmp_path, text, words):
    with pytest.raises(ConfigError, match=r"pyproject\.toml") as caught:
        load(write(tmp_path, text))
    assert words in str(caught.value)


def test_rewrite_uses_the_options(run, project):
    write(project, '[tool.hk2flax]\nexclude = ["net.py"]\nignore = ["HK1"]\n')
    (project / "pkg" / "odd.py").write_text("hk.Odd\n")
    before = (project / "pkg" / "net.py").read_text()
    assert "HK101" not in run("rewrite", project, code=0).stdout
    assert (project / "pkg" / "net.py").read_text() == before
    assert "HK101" in run("rewrite", project, "--select", "HK101", code=1).stdout


def test_a_mistake_is_one_line_and_exit_code_2(run, project):
    write(project, "[tool.hk2flax]\nexlude = []\n")
    result = run("rewrite", project, code=2)
    assert result.stderr.startswith("hk2flax: error: ")
    assert "did you mean exclude" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_code_in_the_options(run, project):
    write(project, '[tool.hk2flax]\nselect = ["HK1O1"]\n')
    assert "did you mean HK101" in run("rewrite", project, code=2).stderr
