# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.dtype.base import TBaseDType as TBaseDType
from terrazzo.dtype.base import TBaseScalar as TBaseScalar
from terrazzo.dtype.base import TDType_co as TDType_co
from terrazzo.dtype.base import TScalar_co as TScalar_co
from terrazzo.dtype.base import ZDType as ZDType
