"""Reports for notebooks, as HTML: whatever is stored is escaped, and nothing in it runs.

Elements are made for readers who see no style sheet as well, as in a notebook that is not trusted. Colours are those
of the page, so that they are right on dark ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from terrazzo.errors import quote, shorten
from terrazzo.grid import ChunkGrid
from terrazzo.nodes.drawing import grid_svg
from terrazzo.nodes.report import ArrayInfo, GroupInfo, human_readable_size
from terrazzo.nodes.tree import Row, TreeRepr

if TYPE_CHECKING:
    from terrazzo.nodes.array_base import ArrayBase
    from terrazzo.nodes.group_base import GroupBase

__all__ = ["array_html", "array_info_html", "group_html", "group_info_html", "tree_html"]


def _scoped(rule: str) -> str:
    """A rule for what is in a report, and for nothing else on the page."""
    selectors, _, body = rule.partition("{")
    return ",".join(f"{SCOPE} {selector}".rstrip() for selector in selectors.split(",")) + "{" + body


# The class is named twice because notebooks have rules for tables and lists that would else count for more.
SCOPE = "div.terrazzo.terrazzo"
RULES = """\
{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.5;color:inherit}
.tz-title{font-weight:600;margin:2px 0 6px;border-bottom:1px solid rgba(128,128,128,.4)}
.tz-title span{font-weight:400;opacity:.7}
.tz-body{display:flex;flex-wrap:wrap;gap:8px 36px;align-items:flex-start}
table{border-collapse:collapse;border:0;margin:0;font-size:inherit;color:inherit;table-layout:auto}
tbody tr:nth-child(n){background:transparent;border:0}
th,td{text-align:left;vertical-align:top;padding:1px 12px 1px 0;border:0;background:transparent;max-width:46em}
th{font-weight:400;opacity:.65;white-space:nowrap}
td{overflow-wrap:anywhere;white-space:normal}
svg{max-width:100%;color:inherit}
ul{list-style:none;margin:0;padding:0 0 0 18px}
ul.tz-top{padding:0}
li{margin:0;line-height:1.6}
li.tz-leaf{padding-left:14px}
summary{cursor:pointer}
.tz-detail{opacity:.7}
.tz-wrong{color:#d1483b}"""
STYLE = f"<style>{''.join(_scoped(rule) for rule in RULES.splitlines())}</style>"

MOST_SHOWN = 60
"""Nodes of a tree that are drawn opened unless the caller wants it otherwise."""
OPEN_LEVELS = 2
MOST_ATTRIBUTES = 100


def array_html(array: ArrayBase) -> str:
    """An array as its metadata describe it; nothing is read."""
    info = array.info
    return _box(type(array).__name__, info.where, _array_body(info), _attributes_html(array.metadata.attributes))


def array_info_html(info: ArrayInfo) -> str:
    """The report on an array."""
    return _box("Array", info.where, _array_body(info))


def _array_body(info: ArrayInfo) -> str:
    codecs = (*info.filters, *(() if info.serializer is None else (info.serializer,)), *info.compressors)
    rows: list[tuple[str, object]] = [
        ("Shape", _with_names(info)),
        ("Data type", info.data_type.label),
        ("Shards", _pieces(info, info.shard_shape, info.grid)),
        ("Chunks", _pieces(info, info.chunk_shape, info.grid if info.subchunk_shape is None else None)),
        ("Fill value", shorten(str(info.fill_value)) or "''"),
        ("Codecs", ", ".join(quote(codec) for codec in codecs) or "none"),
        ("Format", f"Zarr {info.zarr_format}, order {info.order}{', read-only' if info.read_only else ''}"),
        ("Size", _bytes(info.count_bytes)),
        ("Stored", _stored(info)),
    ]
    svg = "" if info.grid is None else grid_svg(info.grid, info.subchunk_shape, info.dimension_names)
    return f'<div class="tz-body">{_table(rows)}{svg}</div>'


def _with_names(info: ArrayInfo) -> str:
    names = info.dimension_names
    if not names or not any(names):
        return str(info.shape)
    return ", ".join(f"{name or '-'}: {length}" for name, length in zip(names, info.shape, strict=True))


def _pieces(info: ArrayInfo, shape: object, grid: ChunkGrid | None) -> str | None:
    """The shape of chunks or shards, their size, and how many there are."""
    if shape is None:
        return None
    said = [str(shape) if isinstance(shape, tuple) else "of several shapes"]
    item_size: int = info.data_type.to_native_dtype().itemsize
    if isinstance(shape, tuple) and item_size:
        said.append(f"{_short_bytes(math.prod(shape) * item_size)} each")
    if grid is not None:
        said.append(f"{grid.get_nchunks():,} in all")
    return ", ".join(said)


def _short_bytes(count: int) -> str:
    readable = human_readable_size(count)
    return f"{count} bytes" if readable.isdigit() else f"{readable[:-1]} {readable[-1]}iB"


def _bytes(count: int | None) -> str | None:
    if count is None:
        return None
    return f"{count} bytes" if count < 1024 else f"{_short_bytes(count)} ({count:,} bytes)"


def _stored(info: ArrayInfo) -> str | None:
    if info.count_bytes_stored is None:
        return None
    ratio = "" if info.storage_ratio is None else f", ratio {info.storage_ratio:.1f}"
    count = info.count_chunks_initialized or 0
    what = f"{'chunk' if info.shard_shape is None else 'shard'}{'' if count == 1 else 's'}"
    return f"{_bytes(info.count_bytes_stored)}, {count:,} {what}{ratio}"


def group_html(group: GroupBase, tree: TreeRepr | None, problem: str = "") -> str:
    """A group, with the tree of its members as far as it is known."""
    body = "" if tree is None else _tree_list(tree)
    wrong = f'<p class="tz-wrong">{escape(problem)}</p>' if problem else ""
    attributes = _attributes_html(group.metadata.attributes)
    return _box(type(group).__name__, str(group.store_path), attributes, body, wrong)


def group_info_html(info: GroupInfo) -> str:
    """The report on a group."""
    counted = [("Members", info.count_members), ("Arrays", info.count_arrays), ("Groups", info.count_groups)]
    access = f"Zarr {info.zarr_format}{', read-only' if info.read_only else ''}, {info.store_type}"
    return _box("Group", f"/{info.name}", _table([("Format", access), *counted]))


def tree_html(tree: TreeRepr) -> str:
    """A tree that can be opened and closed."""
    return f'<div class="terrazzo">{STYLE}<div>{escape(tree.root)}</div>{_tree_list(tree)}</div>'


def _box(kind: str, where: str, *parts: str) -> str:
    title = f'<div class="tz-title">{escape(kind)} <span>{escape(where)}</span></div>'
    return f'<div class="terrazzo">{STYLE}{title}{"".join(parts)}</div>'


def _table(rows: Iterable[tuple[str, object]]) -> str:
    cells = (
        f"<tr><th>{escape(label)}</th><td>{escape(str(value))}</td></tr>" for label, value in rows if value is not None
    )
    return f"<table><tbody>{''.join(cells)}</tbody></table>"


def _attributes_html(attributes: Mapping[str, Any]) -> str:
    """The attributes, closed at first."""
    if not attributes:
        return ""
    count = len(attributes)
    shown = [(quote(name).strip("'"), _json(value)) for name, value in [*attributes.items()][:MOST_ATTRIBUTES]]
    rest = f"<div>… {count - MOST_ATTRIBUTES:,} more</div>" if count > MOST_ATTRIBUTES else ""
    return f"<details><summary>Attributes ({count:,})</summary>{_table(shown)}{rest}</details>"


def _json(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = quote(value)
    return text if len(text) <= 400 else text[:399] + "…"


# -- trees


def _tree_list(tree: TreeRepr) -> str:
    """The members as lists within lists."""
    rows = list(tree.rows())
    few = len(rows) <= MOST_SHOWN
    parts = ['<ul class="tz-top">']
    depth = 0
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        parts += ["</ul></details></li>"] * (depth - row.depth)
        depth = row.depth
        has_members = following is not None and following.depth > row.depth
        if not has_members:
            parts.append(f'<li class="tz-leaf">{_item(row, tree.plain)}</li>')
            continue
        is_open = (few and depth < OPEN_LEVELS) if tree.expand is None else tree.expand
        parts.append(f"<li><details{' open' if is_open else ''}><summary>{_item(row, tree.plain)}</summary><ul>")
        depth += 1
    parts += ["</ul></details></li>"] * depth
    return "".join([*parts, "</ul>"])


def _item(row: Row, plain: bool) -> str:
    if row.node is None:
        return f'<span class="tz-detail">{escape(row.rest_text)}</span>'
    name = escape(row.node.name) if plain else f"<b>{escape(row.node.name)}</b>"
    if not row.node.detail:
        return name
    kind = "tz-wrong" if row.node.reason else "tz-detail"
    return f'{name} <span class="{kind}">{escape(row.node.detail)}</span>'
