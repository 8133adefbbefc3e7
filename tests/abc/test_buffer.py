from terrazzo import buffer as package
from terrazzo.abc import buffer as contract
from terrazzo.buffer import base


def test_the_contract_of_buffers_is_the_base_of_ours():
    for name in contract.__all__:
        assert getattr(contract, name) is getattr(base, name)
    assert issubclass(package.cpu.Buffer, contract.Buffer)
    assert issubclass(package.cpu.NDBuffer, contract.NDBuffer)
