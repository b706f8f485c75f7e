"""`.ci/run`: one Chromium where none is found, and then `make test`, whatever came of it."""

import os
import shutil
import subprocess

import pytest

from forgemind_assets.home import REPOSITORY

INSTALLED = ["apt-get update -qq", "apt-get install -y -qq --no-install-recommends chromium"]


@pytest.fixture
def ci(tmp_path):
    """Runs the script where only these programs are; each notes that it was called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname"):
        (programs / name).symlink_to(shutil.which(name))

    def program(name, answer="exit 0"):
        file = programs / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/calls"\n{answer}\n')
        file.chmod(0o755)

    def run(user=0, **others):
        for name, answer in {"make": "exit 0", "id": f"echo {user}", **others}.items():
            program(name.replace("_", "-"), answer)
        done = subprocess.run(
            ["bash", str(REPOSITORY / ".ci" / "run")],
            env={"PATH": str(programs), "HOME": os.environ.get("HOME", "/")},
            capture_output=True,
            text=True,
            check=False,
        )
        calls = (tmp_path / "calls").read_text().splitlines()
        assert (done.returncode, calls.pop()) == (0, "make test"), done.stderr
        return [call for call in calls if not call.startswith("id ")], done.stderr

    return run


@pytest.mark.parametrize("name", ["chromium", "google_chrome"])
def test_a_chromium_that_is_there_is_used(ci, name):
    assert ci(apt_get="exit 0", **{name: "exit 0"}) == ([], "")


def test_root_with_apt_gets_one(ci):
    assert ci(apt_get="exit 0") == (INSTALLED, "")


@pytest.mark.parametrize(
    ("user", "others", "calls"),
    [
        (1000, {"apt_get": "exit 0"}, []),
        (0, {}, []),
        (0, {"apt_get": "exit 100"}, INSTALLED[:1]),
        (0, {"apt_get": '[ "$1" = update ]'}, INSTALLED),
    ],
    ids=["not root", "no apt-get", "no network", "no such package"],
)
def test_without_one_it_says_what_is_skipped_and_tests_the_rest(ci, user, others, calls):
    found, told = ci(user, **others)
    assert found == calls
    assert "No Chromium here" in told
    assert "are skipped" in told


def test_a_test_that_fails_fails_the_script(ci):
    with pytest.raises(AssertionError, match="make test"):
        ci(chromium="exit 0", make="exit 2")
