import copy

import pytest

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec
from terrazzo.codecs import BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec
from terrazzo.errors import MetadataValidationError, UnknownCodecError
from terrazzo.pipeline.chain import CodecChain, parse_codecs
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.pipeline.unknown import UnknownCodec
from tests.helpers import spec_of

SWAP = TransposeCodec(order=(1, 0))
X = {"name": "test.x", "configuration": {"a": [1, None]}, "must_understand": False}


@pytest.mark.parametrize(
    ("codecs", "kinds"),
    [
        ([X], "s"),
        ([X, X], "sb"),
        ([X, BytesCodec()], "fs"),
        ([BytesCodec(), X], "sb"),
        ([X, BytesCodec(), X, X], "fsbb"),
        ([SWAP, X], "fs"),
        ([X, SWAP, X, X], "ffsb"),
        ([X, GzipCodec()], "sb"),
        ([SWAP, X, GzipCodec(), X], "fsbb"),
        ([X, X, SWAP, BytesCodec(), Crc32cCodec(), X], "fffsbb"),
    ],
    ids=str,
)
def test_the_place_in_the_chain_says_of_which_kind_an_unknown_codec_is(codecs, kinds):
    parsed = parse_codecs(codecs)
    classes = {"f": ArrayArrayCodec, "s": ArrayBytesCodec, "b": BytesBytesCodec}
    assert all(isinstance(codec, classes[kind]) for codec, kind in zip(parsed, kinds, strict=True))
    assert tuple(CodecChain.from_codecs(parsed)) == parsed
    assert all(codec is given or codec.to_dict() == given for codec, given in zip(parsed, codecs, strict=True))


@pytest.mark.parametrize("codecs", [[GzipCodec(), X], [BytesCodec(), X, SWAP], [SWAP, GzipCodec(), X], []], ids=str)
def test_where_no_kind_makes_a_chain_the_known_codecs_are_to_blame(codecs):
    with pytest.raises(MetadataValidationError):
        CodecChain.from_codecs(parse_codecs(codecs))


def test_the_json_is_kept_and_given_out_as_a_copy():
    for data in ("test.x", X):
        codec = parse_codecs([copy.deepcopy(data), "bytes"])[0]
        given = codec.to_dict()
        assert given == data
        if isinstance(given, dict):
            given["configuration"]["a"].append(3)
        assert codec.to_dict() == data
        assert codec == parse_codecs([data, "bytes"])[0] != parse_codecs(["bytes", data])[1]
        assert hash(codec) == hash(parse_codecs([data, "bytes"])[0])
        assert isinstance(codec, UnknownCodec)


def test_a_malformed_codec_is_named_by_its_place():
    with pytest.raises(MetadataValidationError) as caught:
        parse_codecs(["bytes", {"name": "gzip", "configuration": {"level": 10}}])
    assert caught.value.field == "[1].configuration.level"


def test_what_comes_after_an_unknown_codec_is_not_fitted():
    chain = CodecChain.from_codecs(parse_codecs([X, "bytes", "blosc"]))
    assert chain.evolve(spec_of((2,), "int32")) == chain


def test_it_cannot_be_run():
    chain = CodecChain.from_codecs(parse_codecs(["bytes", X]))
    with pytest.raises(UnknownCodecError, match=r"test\.x"):
        PreparedChain(chain, spec_of())
    for method in (chain.bytes_bytes[0]._decode_sync, chain.bytes_bytes[0]._encode_sync):
        with pytest.raises(UnknownCodecError):
            method(None, spec_of())
