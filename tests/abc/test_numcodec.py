import numcodecs

from terrazzo.abc.numcodec import Numcodec
from terrazzo.codecs import GzipCodec


def test_codecs_of_numcodecs_are_known_by_what_they_can_do():
    assert isinstance(numcodecs.Zlib(), Numcodec)
    assert isinstance(numcodecs.Delta("i4"), Numcodec)
    assert not isinstance(GzipCodec(), Numcodec)
    assert not isinstance(object(), Numcodec)
