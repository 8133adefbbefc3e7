import re
from xml.etree import ElementTree as ET

import pytest

import terrazzo
from terrazzo.grid import ChunkGrid
from terrazzo.nodes.drawing import grid_svg

SVG = "{http://www.w3.org/2000/svg}"
INK, TERRACOTTA = "currentColor", "#cf6a3a"


def grid(shape, chunks):
    return ChunkGrid.from_sizes(shape, chunks)


def drawn(*args, **kwargs):
    """The picture, parsed, after a look at whether everything in it is inside its frame."""
    root = ET.fromstring(grid_svg(*args, **kwargs))
    assert root.tag == f"{SVG}svg"
    left, top, width, height = map(float, root.get("viewBox").split())
    for x, y in points(root):
        assert left <= x <= left + width
        assert top <= y <= top + height
    return root


def points(root):
    for shape in root.iter(f"{SVG}polygon"):
        yield from (map(float, point.split(",")) for point in shape.get("points").split())
    for path in root.iter(f"{SVG}path"):
        yield from (map(float, point.split()) for point in re.findall(r"[\d.-]+ [\d.-]+", path.get("d")))
    for text in root.iter(f"{SVG}text"):
        yield float(text.get("x")), float(text.get("y"))


def lines(root, stroke=INK):
    """How many lines there are of a colour."""
    return sum(path.get("d").count("M") for path in root.iter(f"{SVG}path") if path.get("stroke") == stroke)


def texts(root):
    return [text.text for text in root.iter(f"{SVG}text")]


def faces(root):
    return len(list(root.iter(f"{SVG}polygon")))


@pytest.mark.parametrize(
    ("shape", "chunks", "counts", "said"),
    [
        ((), (), (1, 0), ["1 chunk"]),
        ((10,), (5,), (1, 1), ["10", "2 chunks"]),
        ((10,), (10,), (1, 0), ["10", "1 chunk"]),
        ((4, 6), (2, 2), (1, 1 + 2), ["6", "4", "6 chunks"]),
        ((4, 6, 8), (2, 2, 2), (3, 2 * (1 + 2 + 3)), ["8", "6", "4", "24 chunks"]),
        ((3, 4, 6, 8), (1, 2, 2, 2), (4, 2 + 2 * (1 + 2 + 3)), ["3", "8", "6", "4", "72 chunks"]),
    ],
)
def test_boundaries_are_lines_on_every_face(shape, chunks, counts, said):
    picture = drawn(grid(shape, chunks))
    assert (faces(picture), lines(picture)) == counts
    assert texts(picture) == said
    assert lines(picture, TERRACOTTA) == 0


def test_lines_lie_where_chunks_end():
    (path,) = drawn(grid((100,), ([20, 30, 50],))).iter(f"{SVG}path")
    assert path.get("d") == "M30 0L30 26M75 0L75 26"


def test_lengths_are_to_scale_unless_an_axis_would_vanish():
    (face,) = drawn(grid((50, 100), (50, 100))).iter(f"{SVG}polygon")
    assert face.get("points") == "14,0 164,0 164,75 14,75"
    (face,) = drawn(grid((1, 100), (1, 100))).iter(f"{SVG}polygon")
    assert face.get("points") == "14,0 164,0 164,26 14,26"


@pytest.mark.parametrize("shape", [(10**9,), (10**9, 10**9), (10**9,) * 3, (2**62, 5), (10**9,) * 64])
def test_where_there_are_too_many_chunks_few_lines_are_drawn(shape):
    assert len(grid_svg(grid(shape, (1,) * len(shape)))) < 30_000
    assert 0 < lines(drawn(grid(shape, (1,) * len(shape)))) < 400


def test_more_than_a_few_leading_axes_are_counted():
    said = texts(drawn(grid((2,) * 12, (1,) * 12)))
    assert said == ["2"] * 6 + ["… 3 more axes"] + ["2"] * 3 + ["4,096 chunks"]


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (0, 0), (3, 0, 4), (2, 0, 3, 4), (0, 1, 1, 1, 1)])
def test_an_axis_without_elements_is_drawn_as_an_outline(shape):
    picture = drawn(grid(shape, (1,) * len(shape)))
    for face in picture.iter(f"{SVG}polygon"):
        assert face.get("stroke-dasharray")
        assert face.get("fill") == "none"
    assert "0 chunks" in texts(picture)


def test_chunks_are_drawn_in_shards_where_they_can_be_seen():
    picture = drawn(grid((80, 80), (40, 40)), (10, 10))
    assert lines(picture) == 2
    assert lines(picture, TERRACOTTA) == 14
    assert texts(picture) == ["80", "80", "4 shards"]


def test_a_shard_is_drawn_beside_where_its_chunks_are_too_small():
    picture = drawn(grid((4096, 4096), (1024, 1024)), (16, 16))
    assert lines(picture, TERRACOTTA) == 0
    assert texts(picture) == ["4,096", "4,096", "16 shards", "1,024", "1,024", "a shard: 4,096 chunks"]
    assert faces(picture) == 2
    assert "a shard" not in "".join(texts(drawn(grid((0, 10**6), (100, 10**5)), (1, 1))))


def test_names_of_axes_are_escaped_and_shortened():
    picture = drawn(grid((2, 3), (1, 1)), names=["<b>&'\"", "n" * 100])
    assert texts(picture)[:2] == ["n" * 23 + "… 3", "<b>&'\" 2"]
    assert next(picture.iter(f"{SVG}title")).text == "<b>&'\" 2 by " + "n" * 23 + "… 3 in 6 chunks"
    assert texts(drawn(grid((2, 3), (1, 1)), names=["y", None])) == ["3", "y 2", "6 chunks"]


def test_rectilinear_shards_are_drawn():
    array = terrazzo.create_array({}, shape=(60,), chunks=(2,), shards=[[20, 40]], dtype="i4")
    picture = drawn(array._grid, array.metadata.subchunk_shape)
    assert (lines(picture), lines(picture, TERRACOTTA)) == (1, 29)
