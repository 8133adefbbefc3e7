import pytest

from terrazzo.nodes.transfer import parse_memory
from terrazzo.nodes.transfer.options import Copied, last_line


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (1000, 1000),
        ("1000", 1000),
        ("256MiB", 256 << 20),
        (" 1.5 GB ", 1_500_000_000),
        ("2kib", 2048),
        ("3 TB", 3 * 10**12),
        ("7 b", 7),
    ],
)
def test_memory_is_bytes_or_text(given, expected):
    assert parse_memory(given) == expected


@pytest.mark.parametrize("given", [0, -5, True, "", "MiB", "1 MiBs", "1 pib", "-1MB", "nan", "1e99GB", 1 << 64, [3]])
def test_other_memory_is_refused(given):
    with pytest.raises(ValueError, match="max_memory is"):
        parse_memory(given)


def test_the_last_line_says_what_was_done():
    assert last_line(Copied(3, 1, 12345), dry_run=False) == "all done: 3 copied, 1 skipped, 12,345 bytes copied"
    assert last_line(Copied(3, 1, 0), dry_run=True) == "dry run: 3 copied, 1 skipped"
