"""The two keys of an installation's web pages, in a file that only its owner can read."""

import json
import os
import secrets
import stat
from pathlib import Path

from filelock import FileLock

from forgemind_assets.home import Home
from resources.guard.admission import Keys

KEY_BYTES = 32
OWNER_ONLY = 0o600


def load_keys(home: Home) -> Keys:
    """The installation's keys; made on first use, and again when others could have read them.

    They are kept, so that an open tab and a bookmark outlive the server. Deleting the file
    ends every session at the next start.
    """
    home.run.mkdir(parents=True, exist_ok=True)
    with FileLock(home.run / "ui_keys.lock"):
        keys = read_keys(key_file(home))
        if keys is None:
            keys = Keys(act=secrets.token_urlsafe(KEY_BYTES), look=secrets.token_urlsafe(KEY_BYTES))
            write_private(key_file(home), json.dumps({"act": keys.act, "look": keys.look}))
        return keys


def key_file(home: Home) -> Path:
    """Where the keys lie."""
    return home.root / "ui_keys.json"


def read_keys(path: Path) -> Keys | None:
    """The keys in a file, or none if it is missing, not whole, or not this user's alone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(handle, encoding="utf-8") as source:
        status = os.fstat(source.fileno())
        private = stat.S_IMODE(status.st_mode) == OWNER_ONLY and status.st_uid == os.getuid()
        if not private or not stat.S_ISREG(status.st_mode):
            return None
        try:
            found = json.load(source)
            keys = Keys(act=found["act"], look=found["look"])
        except (ValueError, KeyError, TypeError):
            return None
    shortest = len(secrets.token_urlsafe(KEY_BYTES))
    texts = [key for key in (keys.act, keys.look) if isinstance(key, str) and key.isascii()]
    distinct = len({key for key in texts if len(key) >= shortest}) == 2
    return keys if distinct else None


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        target.write(text)
    partial.replace(path)
