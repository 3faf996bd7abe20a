import pytest
from haiku_reference import check, rnd


@pytest.mark.parametrize("use_bn, training", [(True, True), (True, False), (False, True)])
def test_small(use_bn, training):
    def build(lib):
        return lib.nets.MobileNetV1((1, 2), (4, 6), 5, use_bn)

    check(
        build,
        rnd(2, 8, 8, 3),
        is_training=training,
        init=[("is_training", True)],
        grads=training and use_bn,
        weighted=True,
        # A whole network is compiled as one program, so differences would be of rounding order.
        tol=1e-6,
        grad_tol=1e-4,
    )
