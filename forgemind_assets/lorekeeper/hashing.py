"""Hashes of the files of a folder, and what differs between two sets of them."""

import hashlib
import os
import stat
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from forgemind_assets.errors import UnsafeArtefact
from forgemind_assets.records import Record

RACY_SECONDS = 2.0
"""A file may change twice within one tick of a file system's clock (FAT: 2 s) and keep its size.
A file younger than this is therefore hashed again each time. (git, racy-git.adoc)"""

REMEMBERED = 4096
"""Files whose hash a process keeps in mind."""


class FileEntry(Record):
    """One file of an artefact."""

    sha256: str
    bytes: int = Field(ge=0)


def files_below(folder: Path) -> dict[str, Path]:
    """The plain files below a folder, by relative name, sorted.

    Raises:
        UnsafeArtefact: a link, a device, or a file that another name shares lies there.
    """
    found: dict[str, Path] = {}
    if folder.is_symlink():
        refuse_unless_plain(folder)
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(root) / name
            refuse_unless_plain(path)
            if not stat.S_ISDIR(path.lstat().st_mode):
                found[path.relative_to(folder).as_posix()] = path
    return dict(sorted(found.items()))


def refuse_unless_plain(path: Path) -> None:
    """Raises UnsafeArtefact for a link, a device, or a file with a second name."""
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        raise UnsafeArtefact(
            f"{path}: refused, expected a plain file, found a link to {path.readlink()}; put the "
            "file itself there"
        )
    if stat.S_ISDIR(about.st_mode):
        return
    if not stat.S_ISREG(about.st_mode):
        raise UnsafeArtefact(f"{path}: refused, expected a plain file, found a device or socket")
    if about.st_nlink > 1:
        raise UnsafeArtefact(
            f"{path}: refused, expected a file with one name, found {about.st_nlink} hard links: "
            "it could change under another name; put a copy in its place"
        )


def hash_file(path: Path) -> FileEntry:
    """SHA-256 and size of a file; an unchanged file is read once in a process.

    Unchanged means the same path, inode, size, and times of content and of inode.
    """
    about = path.lstat()
    mark = (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    if time.time() - max(about.st_mtime, about.st_ctime) < RACY_SECONDS:
        return _hash(path, mark)
    return _hash_once(path.absolute(), mark)


def hash_files(folder: Path) -> dict[str, FileEntry]:
    """Hashes of all files below a folder, by relative name. Raises UnsafeArtefact."""
    return {name: hash_file(path) for name, path in files_below(folder).items()}


def difference(
    folder: Path, expected: Mapping[str, FileEntry], found: Mapping[str, FileEntry]
) -> str | None:
    """The first file that is missing, extra or another one, in words; None where all agree."""
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            return f"{folder / name}: expected SHA-256 {expected[name].sha256}, found no file"
        if name not in expected:
            return f"{folder / name}: expected no such file, found SHA-256 {found[name].sha256}"
        if expected[name] != found[name]:
            return (
                f"{folder / name}: expected SHA-256 {expected[name].sha256} "
                f"({expected[name].bytes} bytes), found {found[name].sha256} "
                f"({found[name].bytes} bytes)"
            )
    return None


def _hash(path: Path, mark: tuple[int, ...]) -> FileEntry:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags), "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileEntry(sha256=digest, bytes=mark[1])


_hash_once = lru_cache(maxsize=REMEMBERED)(_hash)
