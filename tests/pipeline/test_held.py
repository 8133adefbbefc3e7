import numpy as np

from terrazzo.buffer import cpu
from terrazzo.codecs import BytesCodec
from terrazzo.pipeline.chain import CodecChain
from terrazzo.pipeline.held import HeldObjects, bytes_of_objects, has_plain_elements
from terrazzo.pipeline.prepared import PreparedChain
from tests.helpers import spec_of

EVERYTHING = (slice(0, 4, 1),)


def chain_of(shape=(4,), dtype="int32"):
    return PreparedChain(CodecChain.from_codecs([BytesCodec()]), spec_of(shape, dtype))


def objects(*elements):
    array = np.empty(len(elements), dtype=object)
    for place, element in enumerate(elements):
        array[place] = element
    return array


def test_what_is_held_counts_its_elements_and_a_byte_for_each():
    held, chain = HeldObjects(), chain_of()
    held.write("a", chain, (0,), (slice(0, 1),), cpu.NDBuffer(np.ones(1, "int32")), None)
    held.write("a", chain, (0,), (slice(1, 2),), cpu.NDBuffer(np.ones(1, "int32")), None)
    held.write("b", chain, (1,), EVERYTHING, cpu.NDBuffer(np.ones((), "int32")), None)
    assert held.total == 2 * 4 * (4 + 1)
    held.drop(["a"])
    assert held.total == 4 * (4 + 1)


def test_what_was_written_to_last_comes_last():
    held, chain = HeldObjects(), chain_of()
    for key in "aba":
        held.write(key, chain, (0,), EVERYTHING, cpu.NDBuffer(np.ones((), "int32")), None)
    assert list(held.by_key) == ["b", "a"]


def test_a_region_is_filled_when_its_last_element_is_written():
    held, chain = HeldObjects(), chain_of()
    seen = []
    for place in range(4):
        held.write("a", chain, (0,), (slice(place, place + 1),), cpu.NDBuffer(np.ones(1, "int32")), None)
        one = held.by_key["a"]
        seen.append((one.fills((slice(0, 3),)), one.fills((slice(0, 3),))))
    assert seen == [(False, False), (False, False), (True, True), (True, True)]


def test_a_region_that_grows_is_looked_at_again():
    held, chain = HeldObjects(), chain_of()
    held.write("a", chain, (0,), (slice(0, 2),), cpu.NDBuffer(np.ones(2, "int32")), None)
    assert held.by_key["a"].fills((slice(0, 2),))
    assert not held.by_key["a"].fills(EVERYTHING)


def test_objects_count_and_are_copied_where_they_can_change():
    assert has_plain_elements(objects("a", b"b", None, 1))
    assert not has_plain_elements(objects("a", [1]))
    assert bytes_of_objects(objects("x" * 1000, "y" * 1000)) > 2000
    assert bytes_of_objects(np.ones(4)) == 0
