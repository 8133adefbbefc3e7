import pytest

import terrazzo
from terrazzo.buffer import cpu, default_buffer_prototype
from terrazzo.errors import BadConfigError
from terrazzo.registry import register_buffer, register_ndbuffer
from terrazzo.settings import config


class OwnBuffer(cpu.Buffer):
    pass


class OwnNDBuffer(cpu.NDBuffer):
    pass


def test_the_prototype_is_that_of_main_memory():
    assert default_buffer_prototype() == cpu.buffer_prototype


def test_the_settings_choose_the_prototype():
    names = {"buffer": f"{__name__}.OwnBuffer", "ndbuffer": f"{__name__}.OwnNDBuffer"}
    with config.set(names):
        assert default_buffer_prototype() == (OwnBuffer, OwnNDBuffer)
        assert default_buffer_prototype() is default_buffer_prototype()
    assert default_buffer_prototype() == cpu.buffer_prototype


def test_a_registered_class_need_not_be_importable():
    hidden, hidden_nd = type("Hidden", (cpu.Buffer,), {}), type("HiddenND", (cpu.NDBuffer,), {})
    register_buffer(hidden, qualname="test.hidden")
    register_ndbuffer(hidden_nd, qualname="test.hidden_nd")
    with config.set({"buffer": "test.hidden", "ndbuffer": "test.hidden_nd"}):
        assert default_buffer_prototype() == (hidden, hidden_nd)


def test_arrays_are_read_through_the_chosen_classes():
    class Recording(cpu.NDBuffer):
        made = 0

        @classmethod
        def empty(cls, *args, **kwargs):
            cls.made += 1
            return super().empty(*args, **kwargs)

    register_ndbuffer(Recording, qualname="test.recording")
    array = terrazzo.create_array({}, data=[1, 2, 3])
    with config.set({"ndbuffer": "test.recording"}):
        assert array[:].tolist() == [1, 2, 3]
    assert Recording.made == 1


@pytest.mark.parametrize("key", ["buffer", "ndbuffer"])
@pytest.mark.parametrize("name", ["no.such.Class", "terrazzo.buffer.cpu.Missing", "Bare", "terrazzo.buffer.cpu"])
def test_a_name_that_is_no_class_is_named(key, name):
    with config.set({key: name}), pytest.raises(BadConfigError, match=f"{key}.*{name}"):
        default_buffer_prototype()
