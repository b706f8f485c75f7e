"""Signatures of adapter folders: a statement with the hash of every file, and an Ed25519 key.

A signature says that this installation registered exactly these files as this trial of this goal.
It cannot stand for another goal, trial or adapter, because the statement names them. What is
signed is the statement's canonical JSON (sorted keys, no spaces, UTF-8). Pure: the key lies in
`resources/signing_key.py`. (Ed25519: RFC 8032)
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from forgemind_assets.errors import AlteredArtefact, UnsafeArtefact
from forgemind_assets.lorekeeper.hashing import FileEntry, difference, hash_files
from forgemind_assets.records import Record

SUFFIXES = (".safetensors", ".json", ".png", ".txt", ".md")
"""What an adapter's folder may hold: data that nobody executes. Pickles and code are not there."""


class Signer(Protocol):
    """What signs: the key of an installation."""

    @property
    def public(self) -> str:
        """The public key, 32 bytes in hex."""
        ...

    def sign(self, data: bytes) -> str:
        """The signature of some bytes, 64 bytes in hex."""
        ...


class Statement(Record):
    """What a signature vouches for."""

    format: Literal["forgemind-adapter/1"] = "forgemind-adapter/1"
    goal: str
    trial: str
    adapter_version: str = Field(pattern=r"^[0-9a-f]{64}$", description="version in the store")
    files: dict[str, FileEntry] = Field(min_length=1)


class Signature(Record):
    """A statement, who made it, and the proof."""

    statement: Statement
    key: str = Field(pattern=r"^[0-9a-f]{64}$", description="public key, hex")
    signature: str = Field(pattern=r"^[0-9a-f]{128}$", description="Ed25519, hex")

    @property
    def key_id(self) -> str:
        """A short name of the key, for people."""
        return key_id(self.key)


def key_id(public: str) -> str:
    """The first 16 digits of a public key's SHA-256."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """One text for one value. Raises ValueError for NaN and infinities."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def manifest_of(folder: Path) -> dict[str, FileEntry]:
    """The hash of every file of an adapter's folder.

    Raises:
        UnsafeArtefact: a link, a file that another name shares, or a file of a kind that an
            adapter does not need lies there.
    """
    files = hash_files(folder)
    for name in files:
        if Path(name).suffix.lower() not in SUFFIXES or name.startswith("."):
            raise UnsafeArtefact(
                f"{folder / name}: refused, an adapter's folder holds only "
                f"{', '.join(SUFFIXES)} files; remove it"
            )
    return files


def sign_folder(
    folder: Path, signer: Signer, *, goal: str, trial: str, adapter_version: str
) -> Signature:
    """Signs what lies in an adapter's folder now. Raises UnsafeArtefact."""
    statement = Statement(
        goal=goal, trial=trial, adapter_version=adapter_version, files=manifest_of(folder)
    )
    return Signature(
        statement=statement,
        key=signer.public,
        signature=signer.sign(canonical_json(statement.model_dump(mode="json"))),
    )


def verify_folder(
    folder: Path, signature: Signature, *, goal: str, trial: str, public: str
) -> None:
    """Holds an adapter's folder against its signature.

    Args:
        folder: the adapter's files.
        signature: what was signed when it was registered.
        goal: the goal that the adapter is loaded for.
        trial: the trial that the adapter is loaded as.
        public: the key that is trusted, hex.

    Raises:
        AlteredArtefact: the signature is another key's, another adapter's or forged, or a file
            is missing, extra or another one; the first such file is named.
        UnsafeArtefact: see `manifest_of`.
    """
    verify_signature(signature, goal=goal, trial=trial, public=public)
    unlike = difference(folder, signature.statement.files, manifest_of(folder))
    if unlike is not None:
        raise AlteredArtefact(
            f"{unlike}; the adapter {trial} of {goal} was altered after it was registered and is "
            "not loaded: restore the folder from a backup or from the registry's copy, or roll "
            f"back with `forgemind registry rollback {goal} --to VERSION --reason TEXT`"
        )


def verify_signature(signature: Signature, *, goal: str, trial: str, public: str) -> None:
    """Raises AlteredArtefact unless the trusted key signed this statement, for this trial."""
    said, where = signature.statement, f"signature of adapter {trial} of {goal}"
    if (said.goal, said.trial) != (goal, trial):
        raise AlteredArtefact(
            f"{where}: expected one for {goal} {trial}, found one for {said.goal} {said.trial}; "
            "a signature counts for its own adapter only: restore the ledger from a backup"
        )
    if signature.key != public:
        raise AlteredArtefact(
            f"{where}: expected the key {key_id(public)} of this installation, found the key "
            f"{signature.key_id}; restore keys/ of the home folder from a backup"
        )
    if not authentic(canonical_json(said.model_dump(mode="json")), signature.signature, public):
        raise AlteredArtefact(
            f"{where}: expected what the key {key_id(public)} signed, found another text; the "
            "signature was edited: restore the ledger from a backup"
        )


@lru_cache(maxsize=2**15)
def authentic(data: bytes, signature: str, public: str) -> bool:
    """Whether the key signed these bytes; of the same bytes it is computed once.

    A goal's record grows by an entry an iteration and is read whole each time.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True
