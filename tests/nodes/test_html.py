from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

import terrazzo
from terrazzo.nodes.tree import TreeNode, TreeRepr
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.stored import GROUP, fill

PICTURES = {"svg", "title", "polygon", "path", "text"}
ALLOWED = {"div", "style", "span", "table", "tbody", "tr", "th", "td", "details", "summary", "ul", "li", "b", "p"}
EVIL = "<script>alert('x')</script><img src=x onerror=\"alert(1)\">&amp;"


class Page(HTMLParser):
    """Reads HTML strictly: every element is closed, in order, and is one of those that reports are made of."""

    def __init__(self):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        assert tag in ALLOWED | PICTURES, tag
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("href", "src", "srcdoc")
            assert "url(" not in (value or "")
        self.open.append(tag)
        self.elements.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def count(self, tag):
        return sum(found == tag for found, _ in self.elements)


def read(html):
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


def rows(page):
    """The table of a report."""
    cells = page.texts
    labels = ("Shape", "Data type", "Shards", "Chunks", "Fill value", "Codecs", "Format", "Size", "Stored")
    return {cell: cells[at + 1] for at, cell in enumerate(cells) if cell in labels}


def test_an_array_is_described_without_a_request(store):
    terrazzo.create_array(store, name="a", shape=(1000, 20), chunks=(100, 20), dtype="int16", compressors=None)
    counting = CountingStore(store)
    array = terrazzo.open_array(counting, path="a")
    counting.reset()
    for handle, kind in ((array, "Array"), (array._async_array, "AsyncArray")):
        page = read(handle._repr_html_())
        assert page.texts[:2] == [f"{kind} ", str(array.store_path)]
        assert rows(page) == {
            "Shape": "(1000, 20)",
            "Data type": "int16",
            "Chunks": "(100, 20), 3.9 KiB each, 10 in all",
            "Fill value": "0",
            "Codecs": "BytesCodec(endian='little')",
            "Format": "Zarr 3, order C",
            "Size": "39.1 KiB (40,000 bytes)",
        }
        assert page.count("svg") == 1
    assert repr(array)
    assert counting.requests == []


def test_shards_names_and_what_is_stored_are_said_where_they_are_known():
    array = terrazzo.create_array(
        {}, shape=(64, 64), chunks=(4, 4), shards=(32, 32), dtype="uint8", dimension_names=["y", None], compressors=None
    )
    array[0, 0] = 1
    stored = array.nbytes_stored()
    page = read(array.info_complete()._repr_html_())
    said = rows(page)
    assert said["Shape"] == "y: 64, -: 64"
    assert said["Shards"] == "(32, 32), 1.0 KiB each, 4 in all"
    assert said["Chunks"] == "(4, 4), 16 bytes each"
    assert said["Stored"] == f"{stored / 1024:.1f} KiB ({stored:,} bytes), 1 shard, ratio {4096 / stored:.1f}"
    assert "Stored" not in rows(read(array.info._repr_html_()))


@pytest.mark.parametrize(
    "parameters",
    [
        {"shape": (), "dtype": "float64"},
        {"shape": (0, 3), "dtype": "int8"},
        {"shape": (5,), "dtype": str},
        {"shape": (5,), "dtype": "M8[ns]", "fill_value": "NaT"},
        {"shape": (6,), "chunks": [[1, 2, 3]], "dtype": "i4"},
        {"shape": (2,) * 20, "chunks": (1,) * 20, "dtype": "i1"},
        {"shape": (10**9, 10**9), "chunks": (1, 1), "dtype": "i1"},
        {"shape": (4,), "dtype": "i4", "zarr_format": 2},
        {"shape": (4,), "dtype": [("a", "i4"), ("b", "f8")]},
    ],
    ids=str,
)
def test_every_array_is_a_page_that_is_right(parameters):
    array = terrazzo.create_array({}, **parameters)
    for report in (array._repr_html_(), array.info._repr_html_(), array.info_complete()._repr_html_()):
        read(report)
        ET.fromstring(report[report.index("<svg") : report.index("</svg>") + 6])


def test_whatever_is_stored_is_text(tmp_path):
    root = terrazzo.create_group(MemoryStore(), attributes={EVIL: [EVIL]})
    array = root.create_array(
        "<b>x", shape=(2,), dtype=str, fill_value=EVIL, attributes={EVIL: EVIL}, dimension_names=[EVIL]
    )
    fill(root.store, {"<i>/zarr.json": EVIL.encode()})
    tree = root.tree()
    for report in (array, array.info, root, root.info, tree, root._async_group, array._async_array):
        html = report._repr_html_()
        page = read(html)
        assert "<script" not in html
        assert "<img" not in html
        assert page.texts
    assert EVIL in "".join(read(array._repr_html_()).texts)
    assert read(root._repr_html_()).texts.count("<b>x") == 1


def test_an_attribute_that_is_long_is_shortened_and_many_are_counted():
    array = terrazzo.create_array({}, shape=(1,), dtype="i1", attributes={f"n{i}": "x" * 10_000 for i in range(150)})
    html = array._repr_html_()
    assert len(html) < 60_000
    assert "… 50 more" in read(html).texts
    assert "Attributes (150)" in html


# -- groups


def deep(driven):
    inner = MemoryStore()
    root = terrazzo.create_group(inner, attributes={"a": 1})
    root.create_array("a/b/c/d/e", shape=(2,), dtype="int8")
    return driven(inner)


def test_a_group_is_shown_with_its_members(driven):
    root = terrazzo.open_group(deep(driven))
    page = read(root._repr_html_())
    assert page.texts[:2] == ["Group ", str(root.store_path)]
    assert [text for text in page.texts if text in "abcde"] == ["a", "a", "b", "c", "d"]  # an attribute, and groups
    opened = [attributes for tag, attributes in page.elements if tag == "details"]
    assert opened == [{}, {"open": None}, {"open": None}, {}]
    assert page.texts[-1] == "…"


def test_what_showing_a_group_costs_has_a_bound():
    inner = MemoryStore()
    fill(inner, {"zarr.json": GROUP, **{f"{number}/zarr.json": GROUP for number in range(500)}})
    store = CountingStore(inner)
    root = terrazzo.open_group(store)
    store.reset()
    assert "… 440 more" in read(root._repr_html_()).texts
    assert store.counts == {"list_dir": 1, "get": 60}


def test_an_asynchronous_group_shows_the_members_that_it_knows(driven):
    store = CountingStore(deep(driven))
    root = terrazzo.open_group(store)
    store.reset()
    assert "b" not in read(root._async_group._repr_html_()).texts
    known = terrazzo.consolidate_metadata(store)._async_group
    store.reset()
    assert "b" in read(known._repr_html_()).texts
    assert store.requests == []


def test_a_group_that_cannot_be_listed_is_shown_nevertheless():
    inner = MemoryStore()
    root = terrazzo.create_group(FailingStore(inner, lambda request: request.operation == "list_dir"))
    said = read(root._repr_html_()).texts[-1]
    assert said.startswith("the members cannot be listed: ")
    assert "simulated input/output error" in said


def test_the_report_on_a_group_is_a_table():
    root = terrazzo.create_group({})
    root.create_array("a/b", shape=(1,), dtype="i1")
    texts = read(root.info_complete()._repr_html_()).texts
    assert texts == ["Group ", "/", "Format", "Zarr 3, MemoryStore", "Members", "2", "Arrays", "1", "Groups", "1"]
    assert "Members" not in read(root.info._repr_html_()).texts


def test_a_tree_is_opened_as_the_caller_wants():
    nodes = tuple(TreeNode("/".join("abcd"[: depth + 1])) for depth in range(4))

    def opened(expand):
        page = read(TreeRepr("/", nodes, expand=expand)._repr_html_())
        return ["open" in attributes for tag, attributes in page.elements if tag == "details"]

    assert opened(None) == [True, True, False]
    assert opened(True) == [True, True, True]
    assert opened(False) == [False, False, False]
    many = (*nodes, *(TreeNode(f"n{number}") for number in range(100)))
    assert "<details open>" not in TreeRepr("/", many)._repr_html_()


def test_names_are_bold_unless_the_tree_is_plain():
    nodes = (TreeNode("a", "array", (2,), "int8"), TreeNode("u", "unreadable", reason="denied", more=0))
    assert read(TreeRepr("/", nodes)._repr_html_()).count("b") == 2
    assert read(TreeRepr("/", nodes, plain=True)._repr_html_()).count("b") == 0
    page = read(TreeRepr("/", nodes)._repr_html_())
    assert page.texts == ["/", "a", " ", "(2,) int8", "u", " ", "(unreadable: denied)"]
    assert page.elements[-1] == ("span", {"class": "tz-wrong"})
