"""Reports in a browser: ``python -m tests.screenshots [FOLDER]`` makes a picture of a bright and a dark page.

Chromium lays the page out and says what came of it: that every report and picture has its room, that nothing sticks
out, that text has the colour of the page, and that nothing stored was run.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import terrazzo

THEMES = {"light": ("#ffffff", "rgb(34, 34, 34)"), "dark": ("#181818", "rgb(221, 221, 221)")}
NOTEBOOK = """
.notebook { font-size: 14px; line-height: 1.6 }
.notebook table { table-layout: fixed; margin-left: auto; margin-bottom: 1em; border-spacing: 0 }
.notebook td, .notebook th { text-align: right; vertical-align: middle; padding: .5em; max-width: none }
.notebook th { font-weight: bold }
.notebook tbody tr:nth-child(odd) { background: #888 }
.notebook tbody tr:hover { background: #08f }
.notebook ul:not(.list-inline) { padding-left: 2em }
.notebook ul { list-style: disc; margin: 0 2em }
.notebook ul ul { list-style: square; margin-top: 1em }
.notebook svg { max-width: 100%; height: auto }
"""
"""Rules of the kind that notebooks have for whatever is shown in them, which a report must not take over."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
EVIL = "<img src=x onerror=\"window.ran='yes'\"><script>window.ran='yes'</script>"
MEASURE = """
const wrong = [];
for (const report of document.querySelectorAll('.terrazzo')) {
  const box = report.getBoundingClientRect();
  if (box.width < 50 || box.height < 20) wrong.push('a report without room: ' + report.innerText.slice(0, 60));
  if (getComputedStyle(report).color !== INK) wrong.push('text of another colour: ' + getComputedStyle(report).color);
}
for (const svg of document.querySelectorAll('.terrazzo svg')) {
  const frame = svg.getBoundingClientRect();
  if (frame.right > svg.closest('.terrazzo').getBoundingClientRect().right + 1) wrong.push('a picture sticks out');
  for (const part of svg.querySelectorAll('polygon,path,text')) {
    const box = part.getBoundingClientRect();
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
        || box.bottom > frame.bottom + 1) wrong.push('outside its frame: ' + part.outerHTML.slice(0, 90));
  }
  const labels = [...svg.querySelectorAll('text')].map(label => label.getBoundingClientRect());
  labels.forEach((one, at) => labels.slice(at + 1).forEach(other => {
    if (one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1
        && other.top < one.bottom - 1) wrong.push('labels overlap in: ' + svg.textContent.slice(0, 60));
  }));
}
for (const [selector, name, value] of [
  ['td', 'textAlign', 'left'], ['th', 'fontWeight', '400'], ['tr', 'backgroundColor', 'rgba(0, 0, 0, 0)'],
  ['ul', 'listStyleType', 'none'], ['ul.tz-top', 'paddingLeft', '0px'], ['td', 'paddingTop', '1px']]) {
  for (const element of document.querySelectorAll('.terrazzo ' + selector)) {
    const found = getComputedStyle(element)[name];
    if (found !== value) { wrong.push(`${selector} has ${name} ${found}`); break; }
  }
}
if (window.ran) wrong.push('something stored was run');
document.title = JSON.stringify({reports: document.querySelectorAll('.terrazzo').length, wrong});
"""


def reports() -> list[str]:
    """Reports of every kind."""

    def array(**parameters: Any) -> terrazzo.Array[Any]:
        return terrazzo.create_array({}, **parameters)

    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    heights = array(shape=(3600, 7200), chunks=(300, 600), dtype="f4", dimension_names=["lat", "lon"])
    heights.attrs.update({"unit": "m", EVIL: EVIL})
    heights[:300, :600] = 1
    shown: list[Any] = [
        heights,
        heights.info_complete(),
        array(shape=(), dtype="f8"),
        array(shape=(1000,), chunks=(70,), dtype="i2"),
        array(shape=(365, 720, 1440), chunks=(30, 180, 180), dtype="f4", dimension_names=["time", "lat", "lon"]),
        array(shape=(4096, 4096), chunks=(256, 256), shards=(1024, 1024), dtype="u1"),
        array(shape=(4096, 4096), chunks=(16, 16), shards=(1024, 1024), dtype="u1"),
        array(shape=(100, 100, 100), chunks=(10, 10, 10), shards=(50, 50, 50), dtype="u1"),
        array(shape=(10**9, 3), chunks=(1, 1), dtype="u1"),
        array(shape=(365, 100), chunks=(days, 50), dtype="u1"),
        array(shape=(0, 5), dtype="u1"),
        array(shape=(3, 4, 50, 60, 70), chunks=(1, 1, 20, 30, 30), dtype="u1"),
        array(shape=(2,) * 12, chunks=(1,) * 12, dtype="u1"),
        array(shape=(5, 2000), chunks=(5, 100), dtype=str, fill_value=EVIL, zarr_format=2),
    ]
    root = terrazzo.create_group({}, attributes={"title": "Survey"})
    for run in range(4):
        for step in range(3):
            root.create_array(f"run{run}/step{step}/data", shape=(3, 4), dtype="f4")
    root.create_group("<b>bold")
    root.create_group("broken")
    document = terrazzo.buffer.cpu.Buffer.from_bytes(EVIL.encode())
    root.store.set_sync("broken/zarr.json", document)
    return [report._repr_html_() for report in (*shown, root, root["run0"].info_complete(), root.tree(expand=True))]


def page(theme: str) -> str:
    """A page with all of them, which measures itself."""
    background, ink = THEMES[theme]
    style = f"background:{background};color:{ink};font-family:sans-serif;columns:3;margin:20px"
    boxes = "".join(f'<div style="break-inside:avoid;padding:0 0 20px">{report}</div>' for report in reports())
    page_style = f'<meta charset="utf-8"><style>{NOTEBOOK}</style><body class="notebook" style="{style}">'
    return f"{page_style}{boxes}<script>const INK={ink!r};{MEASURE}</script>"


def main(folder: Path) -> int:
    """Take the pictures; 1 when something is wrong, 2 when there is no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    status = 0
    for theme in THEMES:
        source, picture = folder / f"{theme}.html", folder / f"{theme}.png"
        source.write_text(page(theme), "utf-8")
        with tempfile.TemporaryDirectory() as profile:
            command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
            command += [f"--user-data-dir={profile}", "--window-size=2300,2300", "--virtual-time-budget=3000"]
            address = source.resolve().as_uri()
            subprocess.run([*command, f"--screenshot={picture}", address], capture_output=True, timeout=120, check=True)
            dom = subprocess.run([*command, "--dump-dom", address], capture_output=True, timeout=120, check=True)
        (title,) = re.findall(r"<title>(\{.*?\})</title>", dom.stdout.decode())
        found = json.loads(html.unescape(title))
        print(f"{picture}: {found['reports']} reports, {len(found['wrong'])} things wrong")
        for wrong in found["wrong"]:
            print(f"  {wrong}")
        status |= bool(found["wrong"]) or found["reports"] != len(reports())
    return status


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2] or ["screenshots"])))
