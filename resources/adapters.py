"""The one door to an adapter's files: nothing is loaded that was not verified first."""

from pathlib import Path

from forgemind_assets.errors import AlteredArtefact, StoreError
from forgemind_assets.forge.safe_files import check_adapter_folder
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.signing import verify_folder
from forgemind_assets.lorekeeper.store import Store
from resources.registrations import Registrations, open_registrations, signature_of
from resources.signing_key import open_key


def open_adapter(
    store: Store, home: Home, goal: str, trial: str, *, must_be_signed: bool = False
) -> Path:
    """The verified folder of a trial's adapter.

    Every file is held against the store's hash, and against the signature where the adapter is
    registered. An unchanged file is hashed once in a process.

    Args:
        store: published artefacts.
        home: where the ledger and the key lie.
        goal: the goal's name.
        trial: the trial, such as `0003-b`.
        must_be_signed: an adapter that was never registered is refused.

    Raises:
        AlteredArtefact: a file is missing, extra or altered; the first is named.
        UnsafeArtefact: a file could run code, reaches out of the folder or cannot be read safely.
        StoreError: there is no such adapter.
    """
    folder = store.verified(goal, "adapter", trial)
    check_signature(store, open_registrations(home), home, goal, trial, must=must_be_signed)
    check_adapter_folder(folder)
    return folder


def check_signature(
    store: Store, known: Registrations, home: Home, goal: str, trial: str, *, must: bool
) -> bool:
    """Verifies the signature of a trial's adapter; False where it was never registered.

    Raises AlteredArtefact, also where nothing was registered though it `must` be.
    """
    entry = known.registered(goal, trial)
    if entry is None:
        if must:
            raise AlteredArtefact(
                f"adapter {trial} of {goal}: expected the signature of a registered version, "
                "found none; materialise the registry_entry of its iteration again to sign it"
            )
        return False
    published = store.manifest(goal, "adapter", trial)
    folder = store.folder(goal, "adapter", trial)
    verify_folder(folder, signature_of(entry), goal=goal, trial=trial, public=open_key(home).public)
    if published.version != entry.adapter_version:
        raise AlteredArtefact(
            f"adapter {trial} of {goal}: expected version {entry.adapter_version}, registered as "
            f"version {entry.version}, found {published.version}; restore it from a backup"
        )
    return True


def refuse_registered(home: Home, goal: str, trial: str) -> None:
    """Raises StoreError where a trial's adapter is registered: its files may not be replaced."""
    entry = open_registrations(home).registered(goal, trial)
    if entry is not None:
        raise StoreError(
            f"adapter {trial} of {goal} is registered as version {entry.version}, and what is "
            "registered may not be replaced; train it as another trial"
        )
