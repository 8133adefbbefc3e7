# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.buffer import default_buffer_prototype as default_buffer_prototype
from terrazzo.buffer.base import ArrayLike as ArrayLike
from terrazzo.buffer.base import Buffer as Buffer
from terrazzo.buffer.base import BufferPrototype as BufferPrototype
from terrazzo.buffer.base import NDArrayLike as NDArrayLike
from terrazzo.buffer.base import NDBuffer as NDBuffer
