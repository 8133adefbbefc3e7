"""A picture of how an array is cut: its chunks, and the shards that they are stored in, as SVG.

Up to three axes are drawn as they are, the last to the right, the one before it downwards and the third one to the
back; those before them are bars. Lengths are to scale unless one would vanish. Where boundaries would lie closer than
can be seen, every n-th is drawn: the cost does not depend on how many chunks there are. Colours are those of the text
around the picture, so that it fits a dark page as well as a bright one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from terrazzo.grid import ChunkGrid, RegularChunkGridMetadata
from terrazzo.grid.base import Axis

__all__ = ["grid_svg"]

LONGEST, SHORTEST = 150.0, 26.0
"""Pixels of an axis."""
GAP = 5.0
"""Pixels between lines at least."""
BAR = 12.0
MOST_BARS = 6
DEPTH = (0.55, -0.38)
"""Where a pixel to the back goes, to the right and down."""
TERRACOTTA = "#cf6a3a"
INK = 'stroke="currentColor"'

Point = tuple[float, float]


def grid_svg(
    grid: ChunkGrid, subchunk: tuple[int, ...] | None = None, names: Sequence[str | None] | None = None
) -> str:
    """Draw the stored objects of an array, and the chunks in them where they are shards.

    Parameters
    ----------
    grid
        How the array is cut into stored objects.
    subchunk
        Shape of the chunks in a shard; None where there are no shards.
    names
        Of the axes.
    """
    unit = "chunk" if subchunk is None else "shard"
    labels = [_label(axis, name) for axis, name in zip(grid.dimensions, names or [None] * grid.ndim, strict=True)]
    picture = _Picture()
    inner = None if subchunk is None else RegularChunkGridMetadata(chunk_shape=subchunk).grid_for(grid.shape)
    is_visible = inner is not None and _draw(picture, grid, labels, inner)
    if inner is None:
        _draw(picture, grid, labels, None)
    count = grid.get_nchunks()
    picture.say(f"{count:,} {unit}{'' if count == 1 else 's'}")
    if subchunk is not None and not is_visible and count:
        shard = RegularChunkGridMetadata(chunk_shape=subchunk).grid_for(grid.shape_of((0,) * grid.ndim))
        inside = shard.get_nchunks()
        picture.begin_beside()
        _draw(picture, shard, [_label(axis, None) for axis in shard.dimensions], None)
        picture.say(f"a shard: {inside:,} chunk{'' if inside == 1 else 's'}")
    return picture.svg(f"{(labels and ' by '.join(labels)) or 'one element'} in {count:,} {unit}s")


class _Picture:
    """Shapes and text, with the room that they take."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._left = 0.0
        self._right = 0.0
        self._bottom = 0.0
        self._lowest = 0.0

    def begin_beside(self) -> None:
        """Go on to the right of what is there."""
        self._lowest = max(self._lowest, self._bottom)
        self._left, self._bottom = self._right + 24, 0.0

    @property
    def origin(self) -> Point:
        """Where the next shape may begin."""
        return self._left, self._bottom

    def reach(self, *points: Point) -> None:
        """Make room for points."""
        self._right = max(self._right, *(x for x, _ in points))
        self._bottom = max(self._bottom, *(y for _, y in points))

    def face(self, corners: Sequence[Point], opacity: float, dashed: bool) -> None:
        """A filled outline."""
        shape = " ".join(f"{_px(x)},{_px(y)}" for x, y in corners)
        dashes = ' stroke-dasharray="4 3"' if dashed else ""
        fill = "none" if dashed else TERRACOTTA
        self._parts.append(f'<polygon points="{shape}" fill="{fill}" fill-opacity="{opacity}" {INK}{dashes}/>')
        self.reach(*corners)

    def lines(self, ends: Iterable[tuple[Point, Point]], style: str) -> None:
        """Many lines of one kind."""
        path = "".join(f"M{_px(a)} {_px(b)}L{_px(c)} {_px(d)}" for (a, b), (c, d) in ends)
        if path:
            self._parts.append(f'<path d="{path}" fill="none" {style}/>')

    def text(self, x: float, y: float, text: str, anchor: str = "middle", turned: bool = False) -> None:
        """A label."""
        turn = f' transform="rotate(-90 {_px(x)} {_px(y)})"' if turned else ""
        self._parts.append(f'<text x="{_px(x)}" y="{_px(y)}" text-anchor="{anchor}"{turn}>{escape(text)}</text>')
        half = 0 if turned else len(text) * 6.2 / (2 if anchor == "middle" else 1)
        self.reach((x + half, y + 4))

    def say(self, text: str) -> None:
        """A line below what was drawn last."""
        self.text(self._left, self._bottom + 15, text, "start")

    def svg(self, title: str) -> str:
        """The picture as an element."""
        width, height = _px(self._right + 8), _px(max(self._bottom, self._lowest) + 6)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="-2 -2 {width} {height}" role="img" fill="currentColor" font-size="11" '
            f'font-family="sans-serif" style="overflow:visible">'
            f"<title>{escape(title)}</title>{''.join(self._parts)}</svg>"
        )


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _label(axis: Axis, name: str | None) -> str:
    return f"{axis.length:,}" if not name else f"{name if len(name) <= 24 else name[:23] + '…'} {axis.length:,}"


def _sizes(grid: ChunkGrid) -> list[float]:
    """Pixels of each axis."""
    leading = max(0, grid.ndim - 3)
    longest = max(1, *grid.shape[leading:], 1)
    drawn = [max(SHORTEST, LONGEST * length / longest) for length in grid.shape[leading:]]
    return [LONGEST] * leading + drawn


def _all_cuts(grid: ChunkGrid, sizes: Sequence[float]) -> list[tuple[list[float], bool]]:
    """For each axis where to draw boundaries between chunks, in pixels; and whether that is all of them."""
    axes = enumerate(zip(grid.dimensions, sizes, strict=True))
    # Lines that go to the back lie as close together as the picture is oblique.
    return [_cuts(axis, pixels, -DEPTH[1] if grid.ndim - at == 3 else 1.0) for at, (axis, pixels) in axes]


def _cuts(axis: Axis, pixels: float, shortening: float) -> tuple[list[float], bool]:
    most = max(1, int(pixels * shortening / GAP))
    step = max(1, -(-axis.count // most))
    return [pixels * axis.start_of(chunk) / axis.length for chunk in range(step, axis.count, step)], step == 1


def _draw(picture: _Picture, grid: ChunkGrid, labels: Sequence[str], inner: ChunkGrid | None) -> bool:
    """Draw a grid, with a finer one in it where that can be seen; whether it can."""
    sizes = _sizes(grid)
    outer = [cuts for cuts, _ in _all_cuts(grid, sizes)]
    fine: list[list[float]] | None = None
    if inner is not None:
        found = _all_cuts(inner, sizes)
        fine = [cuts for cuts, _ in found] if all(is_all for _, is_all in found) else None
    leading = max(0, grid.ndim - 3)
    is_empty = 0 in grid.shape
    _draw_bars(picture, leading, outer, fine, labels, is_empty)
    shape = [*range(leading, grid.ndim)]
    box = _Box(picture, [sizes[axis] for axis in shape], is_empty)
    box.draw_faces()
    if fine is not None:
        box.draw_cuts([fine[axis] for axis in shape], f'stroke="{TERRACOTTA}" stroke-opacity="0.75"')
    thin = f'{INK} stroke-opacity="{0.45 if inner is None else 0.8}"'
    box.draw_cuts([outer[axis] for axis in shape], thin)
    box.draw_labels([labels[axis] for axis in shape])
    return fine is not None


def _draw_bars(
    picture: _Picture,
    count: int,
    outer: Sequence[Sequence[float]],
    fine: Sequence[Sequence[float]] | None,
    labels: Sequence[str],
    is_empty: bool,
) -> None:
    """The axes before the last three, one below the other."""
    left, top = picture.origin
    for axis in range(min(count, MOST_BARS)):
        corners = [(left, top), (left + LONGEST, top), (left + LONGEST, top + BAR), (left, top + BAR)]
        picture.face(corners, 0.14, is_empty)
        for cuts, style in (
            (fine[axis] if fine else (), f'stroke="{TERRACOTTA}" stroke-opacity="0.75"'),
            (outer[axis], f'{INK} stroke-opacity="0.45"'),
        ):
            picture.lines((((left + x, top), (left + x, top + BAR)) for x in cuts), style)
        picture.text(left + LONGEST + 6, top + BAR - 2, labels[axis], "start")
        top += BAR + 5
    if count > MOST_BARS:
        picture.text(left, top + 9, f"… {count - MOST_BARS} more axes", "start")
        top += BAR + 5
    if count:
        picture.reach((left, top + 4))


class _Box:
    """The last axes, at most three, as a line of cells, a rectangle or a box."""

    def __init__(self, picture: _Picture, sizes: Sequence[float], is_empty: bool) -> None:
        self._picture = picture
        self._ndim = len(sizes)
        self._is_empty = is_empty
        depth, self._height, self._width = [0.0] * (3 - len(sizes)) + list(sizes)
        if self._ndim < 2:
            self._height = SHORTEST
        if self._ndim == 0:
            self._width = SHORTEST
        self._depth = depth
        left, top = picture.origin
        indent = 14 if self._ndim > 1 else 0  # for the label of the axis that goes down
        self._left, self._top = left + indent, top - DEPTH[1] * depth

    def _at(self, x: float, y: float, z: float = 0.0) -> Point:
        """Where an element is in the picture: to the right, down, to the back."""
        return self._left + x + DEPTH[0] * z, self._top + y + DEPTH[1] * z

    def draw_faces(self) -> None:
        at, width, height, depth = self._at, self._width, self._height, self._depth
        if depth:
            top = [at(0, 0), at(width, 0), at(width, 0, depth), at(0, 0, depth)]
            side = [at(width, 0), at(width, height), at(width, height, depth), at(width, 0, depth)]
            self._picture.face(top, 0.08, self._is_empty)
            self._picture.face(side, 0.26, self._is_empty)
        self._picture.face([at(0, 0), at(width, 0), at(width, height), at(0, height)], 0.16, self._is_empty)

    def draw_cuts(self, cuts: Sequence[Sequence[float]], style: str) -> None:
        """Draw boundaries, given for each axis, on every face."""
        at, width, height, depth = self._at, self._width, self._height, self._depth
        z_cuts, y_cuts, x_cuts = [()] * (3 - len(cuts)) + list(cuts)
        lines = [(at(x, 0), at(x, height)) for x in x_cuts]
        lines += [(at(0, y), at(width, y)) for y in y_cuts]
        if depth:
            lines += [(at(x, 0), at(x, 0, depth)) for x in x_cuts]
            lines += [(at(0, 0, z), at(width, 0, z)) for z in z_cuts]
            lines += [(at(width, y), at(width, y, depth)) for y in y_cuts]
            lines += [(at(width, 0, z), at(width, height, z)) for z in z_cuts]
        self._picture.lines(lines, style)

    def draw_labels(self, labels: Sequence[str]) -> None:
        picture, width, height = self._picture, self._width, self._height
        if self._ndim > 0:
            picture.text(*self._at(width / 2, height + 14), labels[-1])
        if self._ndim > 1:
            picture.text(*self._at(-5, height / 2), labels[-2], turned=True)
        if self._ndim > 2:
            x, y = self._at(width, height, self._depth / 2)
            picture.text(x + 5, y + 8, labels[-3], "start")
