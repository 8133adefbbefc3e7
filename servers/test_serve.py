"""What ``terrazzo serve`` serves, read by zarrita, a Zarr client in JavaScript, and by a page in a browser."""

import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import terrazzo
from servers.processes import need
from terrazzo.storage import ZipStore

DATA = np.arange(1000, dtype="i4").reshape(20, 50)

READ_WITH_ZARRITA = """
import * as zarr from "zarrita";
const root = zarr.root(new zarr.FetchStore(process.argv[2]));
const found = {};
for (const name of ["plain", "packed"]) {
  const array = await zarr.open(root.resolve(name), { kind: "array" });
  const all = await zarr.get(array);
  const part = await zarr.get(array, [zarr.slice(3, 17, 2), zarr.slice(10, 31)]);
  found[name] = { shape: all.shape, all: Array.from(all.data), part: Array.from(part.data) };
}
console.log(JSON.stringify(found));
"""

PAGE = """<!doctype html><title>a page</title><p id="said">nothing</p><script>
(async () => {
  try {
    const response = await fetch("%s", { headers: { Range: "bytes=4-" } });
    const numbers = new Int32Array(await response.arrayBuffer());
    const sum = numbers.reduce((a, b) => a + b, 0);
    document.getElementById("said").textContent =
      [response.status, response.headers.get("Content-Range"), response.headers.get("ETag") !== null, sum].join(" ");
  } catch (error) { document.getElementById("said").textContent = "refused: " + error.message; }
})();
</script>"""


@contextlib.contextmanager
def serving(place, *options):
    """The URL at which the command serves a store."""
    command = [sys.executable, "-m", "terrazzo", "serve", str(place), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture(params=[("folder", 3), ("zip", 3), ("folder", 2)], ids=["folder", "zip", "format 2"])
def place(request, tmp_path):
    kind, zarr_format = request.param
    path = tmp_path / ("data.zip" if kind == "zip" else "data.zarr")
    store = ZipStore(path, mode="w") if kind == "zip" else path
    root = terrazzo.create_group(store, zarr_format=zarr_format)
    root.create_array("plain", data=DATA, chunks=(7, 9), compressors=None)
    root.create_array("packed", data=DATA, chunks=(8, 25), **({"shards": (16, 25)} if zarr_format == 3 else {}))
    if kind == "zip":
        store.close()
    return path


def test_zarrita_reads_arrays_of_both_formats_and_shards(place, tmp_path):
    node = need("node", how="apt-get install nodejs")
    folder = Path(os.environ.get("SERVERS_FOLDER", "."), "node_modules").resolve()
    if not (folder / "zarrita").exists():
        pytest.skip("zarrita is not installed here: npm install zarrita")
    (tmp_path / "node_modules").symlink_to(folder)
    (tmp_path / "read.mjs").write_text(READ_WITH_ZARRITA)
    with serving(place) as url:
        command = [node, str(tmp_path / "read.mjs"), url]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True).stdout
    for found in json.loads(said).values():
        assert np.array_equal(np.reshape(found["all"], found["shape"]), DATA)
        assert np.array_equal(found["part"], DATA[3:17:2, 10:31].ravel())


class PageHandler(http.server.BaseHTTPRequestHandler):
    """Gives a page, whatever is asked for."""

    page = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *args):
        """Say nothing."""


def shown(program, url, folder):
    """What a page shows after its script has run."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    command = [program, *options, f"--user-data-dir={folder}", "--virtual-time-budget=10000", "--dump-dom", url]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    return re.search(r'<p id="said">(.*?)</p>', ran.stdout)[1]


@pytest.mark.parametrize("allowed", ["all", "this", "another", "none"])
def test_a_page_of_another_origin_reads_a_chunk_where_it_may(tmp_path, allowed):
    program = need("chromium", how="apt-get install chromium")
    path = tmp_path / "data.zarr"
    terrazzo.create_array(path, data=DATA, chunks=(20, 50), compressors=None)
    chunk = f"bytes 4-3999/4000 true {DATA.sum() - DATA[0, 0]}"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), PageHandler) as server:
        page = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = {"all": ["*"], "this": [page], "another": ["https://example.org"], "none": []}[allowed]
        with serving(path, *(part for one in origin for part in ("--cors", one))) as url:
            PageHandler.page = (PAGE % f"{url}c/0/0").encode()
            said = shown(program, page, tmp_path / "profile")
        server.shutdown()
    assert said == (f"206 {chunk}" if allowed in ("all", "this") else "refused: Failed to fetch")
