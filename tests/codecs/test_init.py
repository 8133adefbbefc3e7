import importlib
import sys

import pytest

from terrazzo import codecs
from terrazzo.registry import get_codec_class
from terrazzo.settings import DEFAULTS, config


@pytest.mark.parametrize("name", codecs.__all__)
def test_every_name_leads_to_its_class(name):
    assert name == "SubchunkWriteOrder" or getattr(codecs, name).__name__ == name  # that one is an alias
    assert name in dir(codecs)


@pytest.mark.parametrize("name", [name for name, path in DEFAULTS["codecs"].items() if isinstance(path, str)])
def test_the_registry_finds_the_same_class(name):
    cls = get_codec_class(name)
    assert getattr(codecs, cls.__name__) is cls
    module, _, attribute = config.get("codecs")[name].rpartition(".")
    assert getattr(importlib.import_module(module), attribute) is cls


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'Rot13Codec'"):
        _ = codecs.Rot13Codec


def test_a_module_of_a_codec_is_reached_as_usual():
    from terrazzo.codecs import gzip

    assert sys.modules["terrazzo.codecs.gzip"] is gzip
