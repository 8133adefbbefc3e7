# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.codecs.numcodecs import AsType as AsType
from terrazzo.codecs.numcodecs import BZ2 as BZ2
from terrazzo.codecs.numcodecs import BitRound as BitRound
from terrazzo.codecs.numcodecs import Blosc as Blosc
from terrazzo.codecs.numcodecs import Delta as Delta
from terrazzo.codecs.numcodecs import FixedScaleOffset as FixedScaleOffset
from terrazzo.codecs.numcodecs import Fletcher32 as Fletcher32
from terrazzo.codecs.numcodecs import GZip as GZip
from terrazzo.codecs.numcodecs import LZ4 as LZ4
from terrazzo.codecs.numcodecs import LZMA as LZMA
from terrazzo.codecs.numcodecs import PCodec as PCodec
from terrazzo.codecs.numcodecs import PackBits as PackBits
from terrazzo.codecs.numcodecs import Quantize as Quantize
from terrazzo.codecs.numcodecs import Shuffle as Shuffle
from terrazzo.codecs.numcodecs import ZFPY as ZFPY
from terrazzo.codecs.numcodecs import Zlib as Zlib
from terrazzo.codecs.numcodecs import Zstd as Zstd
