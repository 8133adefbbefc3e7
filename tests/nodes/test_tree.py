import json

import pytest
from rich.console import Console

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.errors import MetadataValidationError
from terrazzo.nodes.tree import NOT_LOOKED_AT, TreeNode, TreeRepr
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.helpers import on_a_loop
from tests.stored import GROUP, fill


def array(path, shape=(2,), data_type="int8"):
    return TreeNode(path, "array", shape, data_type)


def test_a_tree_is_drawn():
    nodes = (
        TreeNode("a"),
        array("a/x"),
        TreeNode("a/y"),
        TreeNode("a/y/z"),
        array("b", (), "bool"),
        TreeNode("c"),
        TreeNode("c/d"),
    )
    assert str(TreeRepr("/", nodes)) == (
        "/\n├── a\n│   ├── x (2,) int8\n│   └── y\n│       └── z\n├── b () bool\n└── c\n    └── d"
    )


def test_groups_that_only_their_members_tell_of_are_drawn_in_any_order_of_nodes():
    nodes = (array("b/c/e"), TreeNode("a"), array("b/c/d"))
    assert str(TreeRepr("/", nodes)) == ("/\n├── a\n└── b\n    └── c\n        ├── d (2,) int8\n        └── e (2,) int8")
    assert repr(TreeRepr("/g", ())) == str(TreeRepr("/g", ())) == "/g"


def test_what_is_not_shown_is_counted_where_it_would_be():
    nodes = (TreeNode("a", more=1234), array("a/x"), TreeNode("b", more=NOT_LOOKED_AT), TreeNode("c", reason="denied"))
    assert str(TreeRepr("/", nodes, more=2)) == (
        "/\n├── a\n│   ├── x (2,) int8\n│   └── … 1,234 more\n├── b …\n├── c (not listed: denied)\n└── … 2 more"
    )
    assert str(TreeRepr("/", (), more=NOT_LOOKED_AT)) == "/\n└── …"


def test_a_tree_may_be_deeper_than_the_stack_of_python():
    path = "/".join(["d"] * 3000)
    drawn = TreeRepr("/", (TreeNode(path),))
    assert str(drawn).count("\n") == 3000
    assert drawn._repr_html_().count("<summary>") == 2999


def test_a_tree_as_json_says_what_the_text_says():
    nodes = (TreeNode("a", more=3), array("a/x"), TreeNode("u", "unreadable", reason="broken"), TreeNode("v", more=-1))
    said = json.loads(json.dumps(TreeRepr("/g", nodes, 5).to_json()))
    assert said == {
        "name": "/g",
        "members": [
            {"path": "a", "node_type": "group", "more": 3},
            {"path": "a/x", "node_type": "array", "shape": [2], "data_type": "int8"},
            {"path": "u", "node_type": "unreadable", "reason": "broken"},
            {"path": "v", "node_type": "group", "more": None},
        ],
        "more": 5,
    }


COLOURED = {"force_terminal": True, "color_system": "truecolor"}


def printed_by_rich(drawn, **options):
    console = Console(width=80, **options)
    with console.capture() as captured:
        console.print(drawn)
    return captured.get()


def test_rich_draws_the_same_lines():
    nodes = (TreeNode("a"), array("a/[red]x"), TreeNode("u", "unreadable", reason="broken"))
    drawn = TreeRepr("/", nodes, more=2)
    assert [line.rstrip() for line in printed_by_rich(drawn, force_terminal=False).splitlines()] == str(
        drawn
    ).splitlines()
    coloured = printed_by_rich(drawn, **COLOURED)
    assert "\x1b[1ma\x1b[0m" in coloured
    assert "\x1b[31m (unreadable: broken)\x1b[0m" in coloured
    assert "\x1b[1m" not in printed_by_rich(TreeRepr("/", nodes, plain=True), **COLOURED)


# -- trees of groups


def test_the_tree_of_a_group(store):
    root = terrazzo.create_group(store)
    root.create_array("b/array", shape=(2, 3), dtype=">f4")
    root.create_group("a/deep/er")
    assert str(root.tree()) == "/\n├── a\n│   └── deep\n│       └── er\n└── b\n    └── array (2, 3) float32"
    assert str(root.tree(level=0)) == "/\n├── a\n└── b"
    assert str(root.tree(level=1)) == "/\n├── a\n│   └── deep\n└── b\n    └── array (2, 3) float32"
    assert str(root["a"].tree()) == "/a\n└── deep\n    └── er"
    with pytest.raises(ValueError, match="level must be None or at least 0, got -1"):
        root.tree(level=-1)


def test_the_tree_is_the_same_by_a_function_of_either_form(store):
    root = terrazzo.create_group(store)
    root.create_group("a/b")
    drawn = "/\n└── a"
    assert str(terrazzo.tree(root, level=0)) == drawn
    assert str(terrazzo.tree(root._async_group, None, 0)) == drawn
    assert str(on_a_loop(asynchronous.tree(root._async_group, level=0))) == drawn
    assert terrazzo.tree(root, True).expand is True


def test_consolidated_metadata_are_enough_for_a_tree():
    store = CountingStore(MemoryStore())
    root = terrazzo.create_group(store)
    root.create_array("a/b/c", shape=(1,), dtype="int8")
    root = terrazzo.consolidate_metadata(store)
    store.reset()
    assert str(root.tree()) == "/\n└── a\n    └── b\n        └── c (1,) int8"
    assert str(root.tree(max_nodes=1)) == "/\n└── a …"
    assert store.requests == []


def test_copies_may_lack_groups():
    store = MemoryStore()
    root = terrazzo.create_group(store)
    root.create_array("a/b/c", shape=(1,), dtype="int8")
    terrazzo.consolidate_metadata(store)
    document = json.loads(store._store_dict["zarr.json"].to_bytes())
    for path in ("a", "a/b"):
        del document["consolidated_metadata"]["metadata"][path]
    fill(store, {"zarr.json": json.dumps(document).encode()})
    assert str(terrazzo.open_group(store).tree()) == "/\n└── a\n    └── b\n        └── c (1,) int8"


def test_no_more_is_read_than_is_shown():
    inner = MemoryStore()
    fill(inner, {"zarr.json": GROUP})
    fill(inner, {f"{name}/{number}/zarr.json": GROUP for name in "ab" for number in range(100)})
    fill(inner, {"a/zarr.json": GROUP, "b/zarr.json": GROUP, "c/zarr.json": GROUP, "c/0/zarr.json": GROUP})
    store = CountingStore(inner)
    root = terrazzo.open_group(store)
    store.reset()
    drawn = str(root.tree(max_nodes=8))
    assert drawn == (
        "/\n├── a\n│   ├── 0 …\n│   ├── 1 …\n│   └── … 98 more\n├── b\n│   ├── 0 …\n│   ├── 1 …\n│   └── … 98 more\n"
        "└── c\n    └── 0 …"
    )
    assert store.counts == {"list_dir": 4, "get": 8}
    assert str(root.tree(max_nodes=2)) == "/\n├── a …\n├── b …\n└── … 1 more"
    assert str(root.tree(max_nodes=0)) == "/\n└── …"


def test_a_member_that_cannot_be_understood_is_shown_with_the_reason(driven):
    inner = MemoryStore()
    terrazzo.create_group(inner).create_array("ok", shape=(1,), dtype="int8")
    fill(inner, {"bad/zarr.json": b'{"zarr_format": 3', "worse/zarr.json": b'{"zarr_format": 9, "node_type": "group"}'})
    drawn = str(terrazzo.open_group(driven(inner)).tree()).splitlines()
    assert drawn[1].startswith("├── bad (unreadable: the document is not JSON: ")
    assert drawn[2] == "├── ok (1,) int8"
    assert drawn[3].startswith("└── worse (unreadable: zarr_format: ")


def test_what_the_store_refuses_is_shown_with_the_reason():
    inner = MemoryStore()
    root = terrazzo.create_group(inner)
    root.create_group("a/b")
    root.create_group("c")

    def fails(request):
        return request in (("get", "c/zarr.json"), ("list_dir", "a"))

    store = FailingStore(inner, lambda request: fails((request.operation, request.key.strip("/"))))
    assert str(terrazzo.open_group(store).tree()) == (
        "/\n├── a (not listed: [Errno 5] simulated input/output error: 'a')\n"
        "└── c (unreadable: [Errno 5] simulated input/output error: 'c/zarr.json')"
    )
    nothing = FailingStore(inner, lambda request: request.operation == "list_dir")
    with pytest.raises(OSError, match="simulated"):
        terrazzo.open_group(nothing).tree()


def test_a_broken_copy_is_shown_with_the_reason():
    store = MemoryStore()
    terrazzo.create_group(store).create_group("a")
    terrazzo.consolidate_metadata(store)
    document = json.loads(store._store_dict["zarr.json"].to_bytes())
    document["consolidated_metadata"]["metadata"]["a"] = {"zarr_format": 3, "node_type": "tree"}
    fill(store, {"zarr.json": json.dumps(document).encode()})
    root = terrazzo.open_group(store)
    assert str(root.tree()).startswith("/\n└── a (unreadable: node_type: ")
    with pytest.raises(MetadataValidationError):
        root["a"]
