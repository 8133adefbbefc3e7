# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.dtype.base import DTypeConfig_V2 as DTypeConfig_V2
from terrazzo.dtype.base import DTypeJSON as DTypeJSON
from terrazzo.dtype.forms import DTypeSpec_V2 as DTypeSpec_V2
from terrazzo.dtype.forms import DTypeSpec_V3 as DTypeSpec_V3
from terrazzo.dtype.mixins import HasEndianness as HasEndianness
from terrazzo.dtype.mixins import HasItemSize as HasItemSize
from terrazzo.dtype.mixins import HasLength as HasLength
from terrazzo.dtype.mixins import HasObjectCodec as HasObjectCodec
from terrazzo.errors import DataTypeValidationError as DataTypeValidationError
from terrazzo.errors import UnstableSpecificationWarning as UnstableSpecificationWarning
