"""DVC, through its own command: what it writes is its own format, and its cache is filled."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from forgemind_assets.errors import ForgeMindError, UserError

INSTALL = "pip install 'forgemind[dvc]'"
SECONDS = 600


@dataclass(frozen=True)
class Tracked:
    """A folder that DVC tracks.

    Attributes:
        file: the `.dvc` file, small text that belongs into version control.
        project: the root of the DVC project.
        began: whether that project was begun here.
    """

    file: Path
    project: Path
    began: bool


def dvc_command() -> str:
    """The `dvc` command: on the PATH, or beside this Python. Raises UserError."""
    beside = Path(sys.executable).with_name("dvc")
    found = shutil.which("dvc") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise UserError(f"expected the command `dvc`, found none; install it with: {INSTALL}")
    return found


def track(folder: Path) -> Tracked:
    """Puts a folder under DVC (`dvc add`), in the project that it lies in.

    Where there is no project, one is begun in the folder above: within a Git repository as a
    sub-project (`dvc init --subdir`), otherwise without version control (`--no-scm`).

    Raises:
        UserError: there is no `dvc`.
        ForgeMindError: `dvc` refuses; its own words are in the message.
    """
    command, parent = dvc_command(), folder.resolve().parent
    began = run([command, "root"], parent).returncode != 0
    if began:
        inside_git = run(["git", "rev-parse", "--is-inside-work-tree"], parent).returncode == 0
        must([command, "init", "--quiet", "--subdir" if inside_git else "--no-scm"], parent)
    root = must([command, "root"], parent).strip()
    must([command, "add", "--quiet", folder.name], parent)
    file = parent / f"{folder.name}.dvc"
    return Tracked(file=file, project=(parent / root).resolve(), began=began)


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder. DVC's report of use to its makers is switched off."""
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    try:
        return subprocess.run(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except FileNotFoundError:  # no git on this machine
        return subprocess.CompletedProcess(arguments, 127, "", f"{arguments[0]}: not found")


def must(arguments: list[str], folder: Path) -> str:
    """Runs a command and returns what it said. Raises ForgeMindError where it fails."""
    done = run(arguments, folder)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing")[-600:]
        shown = " ".join([Path(arguments[0]).name, *arguments[1:]])
        raise ForgeMindError(f"`{shown}` in {folder} ended with {done.returncode}: {said}")
    return done.stdout
