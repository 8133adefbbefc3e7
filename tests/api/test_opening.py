import pytest

from terrazzo.api.opening import MODES, place_for, refuse_obsolete, require_empty
from terrazzo.storage import LocalStore, MemoryStore, StorePath
from tests.helpers import buffer_of, on_a_loop


@pytest.mark.parametrize("mode", [*MODES, None])
def test_a_place_is_in_a_store_that_allows_what_the_mode_does(store, mode):
    if isinstance(getattr(store, "_store", store), LocalStore):
        on_a_loop(store.set("x", buffer_of(b"")))
    place = place_for(store, "a/b", mode, None)
    assert (place.path, place.read_only) == ("a/b", mode == "r")
    if mode in ("r", None):
        assert place_for(store.with_read_only(True), "", mode, None).read_only
    else:
        with pytest.raises(ValueError, match=f"mode '{mode.replace('+', '.')}' writes"):
            place_for(store.with_read_only(True), "", mode, None)


@pytest.mark.parametrize("mode", ["x", "rw", "", "R", 5])
def test_other_modes_are_named(mode):
    with pytest.raises(ValueError, match=f"no mode '?{mode}'?"):
        place_for({}, "", mode, None)


def test_making_a_place_asks_nothing_of_the_store(tmp_path):
    place_for(str(tmp_path / "nothing"), "a", "a", None)
    assert not list(tmp_path.iterdir())


def test_only_what_is_empty_is_empty(store):
    on_a_loop(store.set("ab/readme.txt", buffer_of(b"")))
    on_a_loop(require_empty(StorePath(store, "a")))
    for path in ("", "ab"):
        with pytest.raises(FileExistsError, match="mode 'w'"):
            on_a_loop(require_empty(StorePath(store, path)))


def test_an_argument_that_is_not_given_is_not_refused():
    refuse_obsolete(synchronizer=None, chunk_store=None)
    with pytest.raises(ValueError, match="`chunk_store`"):
        refuse_obsolete(synchronizer=None, chunk_store=MemoryStore())
