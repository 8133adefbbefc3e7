"""Members of the document of an array in format 3, one after another; codecs and data types have files of their own."""

from __future__ import annotations

from terrazzo.errors import NodeTypeValidationError, UnknownCodecError
from tests.metadata.corpus.row import array
from tests.stored import grid

__all__ = ["ARRAYS"]

HUGE = 10**30
LONG = "x" * 100_000
CHUNK_SHAPE = "chunk_grid.configuration.chunk_shape"
CHUNK_SHAPES = "chunk_grid.configuration.chunk_shapes"


def keys(name: object = "default", **configuration: object) -> object:
    return {"name": name, "configuration": configuration}


def rectilinear(*shapes: object, **members: object) -> object:
    return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": list(shapes), **members}}


ARRAYS = (
    # -- what it is
    array("no format", "zarr_format", "required", drop="zarr_format"),
    array("format 2 in a zarr.json", "zarr_format", "2", "format 3", zarr_format=2),
    array("format 4", "zarr_format", "4", "format 3", zarr_format=4),
    array("a huge format", "zarr_format", str(HUGE), zarr_format=HUGE),
    array("a format that is text", "zarr_format", "'3'", zarr_format="3"),
    array("a format that is a fraction", "zarr_format", "3.0", zarr_format=3.0),
    array("a format that is true", "zarr_format", "True", zarr_format=True),
    array("a format that is null", "zarr_format", "None", zarr_format=None),
    array("a format that is a list", "zarr_format", "[3]", zarr_format=[3]),
    array("no node type", "node_type", "required", drop="node_type", error=NodeTypeValidationError),
    array("another node type", "node_type", "'table'", node_type="table", error=NodeTypeValidationError),
    array("a node type in capitals", "node_type", "'Array'", node_type="Array", error=NodeTypeValidationError),
    array("a node type that is null", "node_type", "None", node_type=None, error=NodeTypeValidationError),
    array("a node type that is a list", "node_type", "['array']", node_type=["array"], error=NodeTypeValidationError),
    # -- shape
    array("no shape", "shape", "required", drop="shape"),
    array("a shape that is null", "shape", "None", shape=None),
    array("a shape that is a number", "shape", "4", shape=4),
    array("a shape that is text", "shape", "'4'", shape="4"),
    array("a shape that is an object", "shape", "{'0': 4}", shape={"0": 4}),
    array("a negative length", "shape[0]", "-1", shape=[-1]),
    array("a very negative length", "shape[1]", str(-HUGE), shape=[4, -HUGE], chunk_grid=grid(2, 2)),
    array("a length of 2**63", "shape[0]", str(1 << 63), shape=[1 << 63]),
    array("a huge length", "shape[0]", str(HUGE), shape=[HUGE]),
    array("a length of 4000 digits", "shape[0]", "an integer of", shape=[10**4000]),
    array("a length that is a fraction", "shape[0]", "4.5", shape=[4.5]),
    array("a length that is a whole fraction", "shape[0]", "4.0", shape=[4.0]),
    array("a length that is 1e400", "shape[0]", "inf", shape=[float("inf")]),
    array("a length that is NaN", "shape[0]", "nan", shape=[float("nan")]),
    array("a length that is true", "shape[0]", "True", shape=[True]),
    array("a length that is null", "shape[0]", "None", shape=[None]),
    array("a length that is text", "shape[0]", "'4'", shape=["4"]),
    array("a length that is a list", "shape[0]", "[4]", shape=[[4]]),
    array("more axes than numpy has", "shape", "65", "limits.ndim", shape=[1] * 65, chunk_grid=grid(*[1] * 65)),
    array("10 000 axes", "shape", "10000", "limits.ndim", shape=[1] * 10_000, chunk_grid=grid(*[1] * 10_000)),
    # -- chunk grid
    array("no chunk grid", "chunk_grid", "required", drop="chunk_grid"),
    array("a chunk grid that is null", "chunk_grid", "None", chunk_grid=None),
    array("a chunk grid that is a list", "chunk_grid", "[2]", chunk_grid=[2]),
    array("a chunk grid that is a name", "chunk_grid", "'regular'", chunk_grid="regular"),
    array("a chunk grid without a name", "chunk_grid.name", "None", chunk_grid={"configuration": {}}),
    array("a chunk grid whose name is a number", "chunk_grid.name", "7", chunk_grid={"name": 7}),
    array("an unknown chunk grid", "chunk_grid.name", "'hexagonal'", chunk_grid={"name": "hexagonal"}),
    array("a chunk grid of a long name", "chunk_grid.name", "xxx", chunk_grid={"name": LONG}),
    array("a chunk grid without configuration", CHUNK_SHAPE, "required", chunk_grid={"name": "regular"}),
    array(
        "a chunk grid configured by a list",
        "chunk_grid.configuration",
        "[2]",
        chunk_grid={"name": "regular", "configuration": [2]},
    ),
    array("an unknown member of the chunk grid", "chunk_grid.edge", chunk_grid={**grid(2), "edge": 1}),
    array(
        "an unknown member of the regular grid",
        "chunk_grid.configuration.edge",
        chunk_grid={"name": "regular", "configuration": {"chunk_shape": [2], "edge": "pad"}},
    ),
    array("chunks that are a number", CHUNK_SHAPE, "2", chunk_grid=keys("regular", chunk_shape=2)),
    array("chunks that are text", CHUNK_SHAPE, "'2'", chunk_grid=keys("regular", chunk_shape="2")),
    array("chunks that are null", CHUNK_SHAPE, "None", chunk_grid=keys("regular", chunk_shape=None)),
    array("a chunk length of 0", f"{CHUNK_SHAPE}[0]", "0", chunk_grid=grid(0)),
    array("a negative chunk length", f"{CHUNK_SHAPE}[0]", "-2", chunk_grid=grid(-2)),
    array("a huge chunk length", f"{CHUNK_SHAPE}[0]", str(HUGE), chunk_grid=grid(HUGE)),
    array("a chunk length that is a fraction", f"{CHUNK_SHAPE}[0]", "2.0", chunk_grid=grid(2.0)),
    array("a chunk length that is true", f"{CHUNK_SHAPE}[0]", "True", chunk_grid=grid(True)),
    array("a chunk length that is text", f"{CHUNK_SHAPE}[0]", "'2'", chunk_grid=grid("2")),
    array("a chunk length that is null", f"{CHUNK_SHAPE}[0]", "None", chunk_grid=grid(None)),
    array("fewer axes in chunks", CHUNK_SHAPE, "`shape`", shape=[4, 4]),
    array("more axes in chunks", CHUNK_SHAPE, "`shape`", chunk_grid=grid(2, 2)),
    array("chunks for no axes", CHUNK_SHAPE, "`shape`", chunk_grid=grid()),
    array(
        "a rectilinear grid of another kind",
        "chunk_grid.configuration.kind",
        "'file'",
        chunk_grid=rectilinear(2, kind="file"),
    ),
    array("edges that do not cover the axis", f"{CHUNK_SHAPES}[0]", "4", chunk_grid=rectilinear([1, 2])),
    array("an edge of 0", f"{CHUNK_SHAPES}[0][1]", "0", chunk_grid=rectilinear([4, 0])),
    array("a negative edge", f"{CHUNK_SHAPES}[0][0]", "-4", chunk_grid=rectilinear([-4, 8])),
    array("an edge repeated 0 times", f"{CHUNK_SHAPES}[0][0][1]", "0", chunk_grid=rectilinear([[4, 0]])),
    array("an edge repeated too often to count", f"{CHUNK_SHAPES}[0]", chunk_grid=rectilinear([[1 << 62, 1 << 62]])),
    array("three numbers for an edge", f"{CHUNK_SHAPES}[0][0]", "[1, 2, 3]", chunk_grid=rectilinear([[1, 2, 3]])),
    array("edges for too many axes", CHUNK_SHAPES, "`shape`", chunk_grid=rectilinear(2, 2)),
    # -- chunk keys
    array("no chunk keys", "chunk_key_encoding", "required", drop="chunk_key_encoding"),
    array("chunk keys that are null", "chunk_key_encoding", "None", chunk_key_encoding=None),
    array("chunk keys that are a list", "chunk_key_encoding", "['default']", chunk_key_encoding=["default"]),
    array("unknown chunk keys", "", "'spiral'", chunk_key_encoding="spiral", error=UnknownCodecError),
    array(
        "chunk keys that look like a module",
        "",
        "'os.path'",
        chunk_key_encoding=keys("os.path"),
        error=UnknownCodecError,
    ),
    array("chunk keys without a name", "chunk_key_encoding.name", "None", chunk_key_encoding={}),
    array(
        "an unknown member of chunk keys",
        "chunk_key_encoding.order",
        chunk_key_encoding={"name": "default", "order": "C"},
    ),
    array(
        "an unknown member of their configuration",
        "chunk_key_encoding.configuration.suffix",
        chunk_key_encoding=keys(suffix=".bin"),
    ),
    *(
        array(
            f"the separator {separator!r}",
            "chunk_key_encoding.configuration.separator",
            repr(separator),
            chunk_key_encoding=keys(name, separator=separator),
        )
        for name, separator in (
            ("default", ""),
            ("default", "/../"),
            ("v2", "-"),
            ("v2", 1),
            ("v2", None),
            ("default", ["/"]),
        )
    ),
    # -- fill value
    array("no fill value", "fill_value", "required", drop="fill_value"),
    array("a fill value that is null", "fill_value", "None", fill_value=None),
    array("a fill value that is too large", "fill_value", "256", fill_value=256),
    array("a fill value that is negative", "fill_value", "-1", fill_value=-1),
    array("a huge fill value", "fill_value", "an integer of", fill_value=10**4000),
    array("a fill value that is a fraction", "fill_value", "9.5", fill_value=9.5),
    array("a fill value that is text", "fill_value", "'nine'", fill_value="nine"),
    array("a fill value that is NaN", "fill_value", "nan", fill_value=float("nan")),
    array("a fill value that is a list", "fill_value", "[9]", fill_value=[9]),
    array("a fill value that is an object", "fill_value", "{}", fill_value={}),
    # -- attributes
    array("attributes that are a list", "attributes", "[1]", attributes=[1]),
    array("attributes that are text", "attributes", "'a'", attributes="a"),
    array("attributes that are true", "attributes", "True", attributes=True),
    # -- names of dimensions
    array("names for too many axes", "dimension_names", "2 names", "`shape`", dimension_names=["a", "b"]),
    array("names for no axes", "dimension_names", "0 names", dimension_names=[]),
    array("names that are text", "dimension_names", "'x'", dimension_names="x"),
    array("names that are an object", "dimension_names", "{'x': 0}", dimension_names={"x": 0}),
    array("a name that is a number", "dimension_names[0]", "1", dimension_names=[1]),
    array("a name that is true", "dimension_names[0]", "True", dimension_names=[True]),
    array("a name that is a list", "dimension_names[0]", "['x']", dimension_names=[["x"]]),
    # -- storage transformers
    array("a storage transformer", "storage_transformers", "'cache'", storage_transformers=[{"name": "cache"}]),
    array(
        "a storage transformer that need not be understood",
        "storage_transformers",
        "'cache'",
        storage_transformers=[{"name": "cache", "must_understand": False}],
    ),
    array("storage transformers that are an object", "storage_transformers", "{}", storage_transformers={}),
    array("storage transformers that are text", "storage_transformers", "''", storage_transformers=""),
    # -- what nobody knows
    array("an unknown member", "later", "must_understand", later=1),
    array("an unknown member that is null", "later", "must_understand", later=None),
    array("an unknown object", "later", "must_understand", later={"name": "x"}),
    array("an unknown object that must be understood", "later", "must_understand", later={"must_understand": True}),
    array("an unknown object that says so in text", "later", "must_understand", later={"must_understand": "false"}),
    array("an unknown object that says 0", "later", "must_understand", later={"must_understand": 0}),
    array("a member of format 2", "chunks", "must_understand", chunks=[2]),
    array("a member in capitals", "Shape", "must_understand", Shape=[4]),
    array("a member without a name", "", "must_understand", **{"": 1}),
    array("a member of a long name", LONG, "must_understand", **{LONG: 1}),
)
