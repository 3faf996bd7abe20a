import pytest
from haiku_reference import check, ours, rnd


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3), (2,), (0, 3, 4)])
@pytest.mark.parametrize("preserve", [1, 2, -1, -2])
def test_flatten(shape, preserve):
    check(lambda lib: lib.Flatten(preserve), rnd(*shape))


@pytest.mark.parametrize(
    "arguments", [((-1, 2),), ([2, 6],), ((3, 2, -1), 1), ((-1, 2), 2), ((2, -1), -2), ((12,), -2)]
)
def test_reshape(arguments):
    check(lambda lib: lib.Reshape(*arguments), rnd(2, 3, 4))


def test_refuses_what_haiku_refuses():
    for arguments in [((-1, -1),), ((3,), 0)]:
        with pytest.raises(ValueError, match="Reshape"):
            ours.Reshape(*arguments)
