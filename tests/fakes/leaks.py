"""Looks for values in everything under a folder, in whatever form a program may have left them."""

import base64
import gzip
import html
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import polars as pl


def forms(value: str) -> set[bytes]:
    """A value as it is, as an address, JSON, HTML, hex, and base64 wherever it may begin.

    A request that was quoted twice is found as well.
    """
    raw, quoted = value.encode(), quote(value, safe="")
    found = {raw, quoted.encode(), quote(value).encode(), quote(quoted, safe="").encode()}
    found |= {json.dumps(value)[1:-1].encode(), value.replace("/", "\\/").encode()}
    found |= {html.escape(value).encode(), raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw + b"\0" * ((-offset - len(raw)) % 3))
        # What a neighbour's bits share is cut off at both ends.
        inner = whole[(0, 2, 3)[offset] : len(whole) - (4 if (offset + len(raw)) % 3 else 0)]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def leaks(root: Path, planted: Mapping[str, str]) -> list[str]:
    """`name in path (how it was read)` for each planted value that any file holds."""
    sought = {form: name for name, value in planted.items() for form in forms(value)}
    return sorted(
        {
            f"{name} in {path.relative_to(root)} ({how})"
            for path in sorted(root.rglob("*"))
            if path.is_file() and not path.is_symlink()
            for how, content in readings(path)
            for form, name in sought.items()
            if form in content
        }
    )


def readings(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and what lies in it where it is a database, a table or compressed."""
    raw = path.read_bytes()
    yield "bytes", raw
    if raw.startswith(b"SQLite format 3\0"):
        yield "database", b"\n".join(cells(path))
    elif raw.startswith(b"PAR1"):
        yield "table", b"\n".join(str(row).encode() for row in pl.read_parquet(path).iter_rows())
    elif raw.startswith(b"\x1f\x8b"):
        yield "gzip", gzip.decompress(raw)
    elif zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for name in archive.namelist():
                yield f"zip: {name}", archive.read(name)


def cells(path: Path) -> Iterator[bytes]:
    """Every value of every table: a long one is cut into pages in the file itself."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in names:
            for row in connection.execute(f'select * from "{name.decode()}"'):
                yield from (v if isinstance(v, bytes) else str(v).encode() for v in row)
