import haiku as hk
import pytest
from haiku_reference import ours

FUNCTIONS = ["valid", "same", "full", "causal", "reverse_causal"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    mine, theirs = getattr(ours, name), getattr(hk.pad, name)
    assert [tuple(mine(k)) for k in range(1, 8)] == [tuple(theirs(k)) for k in range(1, 8)]


def test_create():
    for arguments in [(3, 1, 2), ((3, 2), (1, 2), 2), ([5], 2, 3)]:
        assert ours.create(ours.causal, *arguments) == hk.pad.create(hk.pad.causal, *arguments)
    mixed = ours.create([ours.same, ours.full], 3, 2, 2)
    assert mixed == hk.pad.create([hk.pad.same, hk.pad.full], 3, 2, 2)
    for padding in [(1, 2), [(1, 2)], ((1, 2), (3, 4))]:
        assert ours.create_from_tuple(padding, 2) == hk.pad.create_from_tuple(padding, 2)
    for padding in [((1, 2), (3, 4), (5, 6))]:
        with pytest.raises(TypeError, match="padding"):
            ours.create_from_tuple(padding, 2)
    assert ours.is_padfn(ours.same) and ours.is_padfn([ours.same]) and not ours.is_padfn((1, 2))


FORMATS = [
    *("channels_first", "channels_last", "NCHW", "NHWC", "NWC", "NCW", "NDHWC", "NCDHW", "N...C"),
    *("NC...", "NC", "BTHWD", "TBD", "BTD", "BT"),
]


@pytest.mark.parametrize("data_format", FORMATS)
def test_data_formats(data_format):
    def answer(function):
        try:
            return function(data_format)
        except ValueError:
            return None

    assert answer(ours.get_channel_index) == answer(hk.get_channel_index)


@pytest.mark.parametrize("data_format", ["", "N", "C", "HWC", "NCC", "NHCWC", "BTDD", "nhwc"])
def test_other_data_formats(data_format):
    for function in (ours.get_channel_index, hk.get_channel_index):
        with pytest.raises(ValueError):
            function(data_format)
