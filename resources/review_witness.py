"""The witness of the review records: a file beside the installation's key, outside the database."""

from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from forgemind_assets.errors import StoreError
from forgemind_assets.lorekeeper.store import write_atomic
from forgemind_assets.warden.chain import ChainEntry, SetAside, Witness


def seen(file: Path) -> Witness | None:
    """What this machine has seen; None before the first record.

    To be read before the chain, which only grows: the chain then holds what was seen. Raises
    StoreError where the file is no witness.
    """
    try:
        return Witness.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValidationError:
        raise StoreError(
            f"{file}: expected number and hash of the newest review record, found "
            "something else; compare with a backup, and remove the file to begin anew"
        ) from None


def remember(file: Path, entry: ChainEntry, aside: SetAside | None = None) -> None:
    """Notes a record that was just written, or what a person has just set aside."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(file.name + ".lock")):
        before = seen(file)
        if before is not None and before.seq >= entry.seq and aside is None:
            return
        kept = aside or (before.set_aside if before else None)
        newest = Witness(seq=entry.seq, hash=entry.hash, set_aside=kept)
        write_atomic(file, newest.model_dump_json(exclude_none=True))
