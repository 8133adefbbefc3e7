"""How Sphinx builds the documents: ``nox -s docs``."""

from __future__ import annotations

import re
from typing import Any

from sphinx.addnodes import pending_xref

import terrazzo

project = "terrazzo"
author = "The terrazzo developers"
copyright = author
version = release = terrazzo.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
default_role = "code"
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_type_aliases = {
    name: name
    for name in (
        "ArrayConfigLike",
        "ByteRequest",
        "BytesLike",
        "ChunkCoords",
        "ChunkKeyEncodingLike",
        "ChunksLike",
        "CompressorsLike",
        "FiltersLike",
        "JSON",
        "SerializerLike",
        "ShapeLike",
        "StoreLike",
        "ZDTypeLike",
    )
}
autosummary_generate = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"terrazzo {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]


def set_specification_apart(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """The line that names the specification belongs to the whole docstring, not to the section it stands behind."""
    position = next((at for at, line in enumerate(lines) if line.startswith("Specification: ")), None)
    if position is not None and any(re.fullmatch("-{4,}", line) for line in lines[:position]):
        lines[position:position] = ["Notes", "-----"]


NO_COLON = "\N{RATIO}"


def hide_colon(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Napoleon takes what stands before a colon in the first line about an attribute for its type; here it is not."""
    if what in {"attribute", "data", "property"} and lines:
        lines[0] = lines[0].replace(":", NO_COLON)


def show_colon(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """After napoleon."""
    lines[:] = [line.replace(NO_COLON, ":") for line in lines]


def name_aliases(app: Any, what: str, name: str, obj: Any, options: Any, signature: str, returns: str) -> Any:
    """Aliases inside unions by their names."""
    return tuple(text and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text) for text in (signature, returns))


def name_contracts(app: Any, doctree: Any) -> None:
    """Annotations that say only ``Buffer`` mean the contract, but in the module with the buffers of a GPU."""
    for reference in doctree.findall(pending_xref):
        name, module = reference["reftarget"], reference.get("py:module")
        if name in {"Buffer", "NDBuffer"} and module != "terrazzo.buffer.gpu":
            reference["reftarget"] = f"terrazzo.buffer.{name}"


def setup(app: Any) -> None:
    """Called by Sphinx. Those of priority 100 must come before napoleon turns sections into fields."""
    app.connect("doctree-read", name_contracts)
    app.connect("autodoc-process-docstring", set_specification_apart, priority=100)
    app.connect("autodoc-process-docstring", hide_colon, priority=100)
    app.connect("autodoc-process-docstring", show_colon, priority=900)
    app.connect("autodoc-process-signature", name_aliases)
