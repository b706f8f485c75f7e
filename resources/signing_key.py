"""The Ed25519 key of an installation: made on first use, kept under the home folder.

`keys/signing.key` is the private key (PKCS #8 PEM, mode 0600), `keys/signing.pub` the public one.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from forgemind_assets.errors import StoreError
from forgemind_assets.home import Home

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE, PUBLIC = "signing.key", "signing.pub"


class InstallationKey:
    """Signs for one installation."""

    def __init__(self, key: "Ed25519PrivateKey"):
        self._key = key

    @property
    def public(self) -> str:
        """The public key, 32 bytes in hex."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> str:
        """The signature of some bytes, 64 bytes in hex."""
        return self._key.sign(data).hex()

    def __repr__(self) -> str:
        return f"InstallationKey({self.public[:16]}…)"


def open_key(home: Home) -> InstallationKey:
    """The key of an installation; two processes that make it at once get the same one.

    Raises:
        StoreError: the key is lost, damaged, a link, open to others, or not that of the public
            key beside it.
    """
    folder = home.root / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(folder / "signing.lock"):
        if not os.path.lexists(folder / PRIVATE):
            _make(folder)
        return _load(folder)


def _make(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if (folder / PUBLIC).exists():
        raise StoreError(
            f"expected the private key {folder / PRIVATE} beside {PUBLIC}, found none: restore it "
            f"from a backup; removing {PUBLIC} too begins a new key, under which no registered "
            "version of before can be loaded"
        )
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(folder / PRIVATE, private, 0o600)
    _write(folder / PUBLIC, _public_pem(key), 0o644)


def _public_pem(key: "Ed25519PrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    """Writes a file that has its mode from the first byte on, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def _load(folder: Path) -> InstallationKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = folder / PRIVATE
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise StoreError(
            f"{path}: expected a plain file, found a link or device; put the key there"
        )
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise StoreError(
            f"{path}: expected mode 0600, found {stat.S_IMODE(about.st_mode):04o}: others can "
            f"sign with it; run `chmod 600 {path}`"
        )
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreError(
            f"{path}: expected an Ed25519 private key in PEM, found something else; restore it "
            "from a backup"
        )
    if not (folder / PUBLIC).exists():
        _write(folder / PUBLIC, _public_pem(key), 0o644)
    if (folder / PUBLIC).read_bytes() != _public_pem(key):
        raise StoreError(
            f"{folder / PUBLIC}: expected the public half of {PRIVATE}, found another key; "
            "restore both from one backup"
        )
    return InstallationKey(key)
