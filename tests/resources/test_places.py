import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.errors import SettingsError
from forgemind_assets.home import REPOSITORY, Home
from resources.places import Share, accelerators, pinned, place, places, places_for

SMOLLM, LLAMA = 134_515_008, 8_030_261_248


@pytest.fixture
def home(tmp_path):
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    home.root.mkdir()
    home.settings.write_text("trials_at_once: 2\n", encoding="utf-8")
    return home


@pytest.mark.parametrize(
    ("cores", "memory_gib", "gpus", "weights", "wanted"),
    [
        (2, 24, 0, SMOLLM, 2),
        (16, 24, 0, SMOLLM, 9),
        (2, 2, 0, SMOLLM, 1),
        (16, 24, 0, LLAMA, 1),
        (16, 128, 1, LLAMA, 1),
        (16, 128, 8, SMOLLM, 8),
    ],
)
def test_a_machine_has_a_place_for_each_accelerator_or_for_each_core_that_memory_allows(
    cores, memory_gib, gpus, weights, wanted
):
    found = places_for(cores=cores, memory_gib=memory_gib, accelerators=gpus, weights=weights)
    assert found == wanted


@given(st.integers(1, 256), st.floats(0.1, 4096), st.integers(0, 16), st.integers(0, 10**12))
def test_there_is_always_a_place_and_never_more_than_cores_without_accelerators(
    cores, memory, gpus, weights
):
    found = places_for(cores=cores, memory_gib=memory, accelerators=gpus, weights=weights)
    assert found == gpus if gpus else 1 <= found <= cores


def test_the_settings_override_what_the_machine_has_and_are_checked(home):
    assert places(home) == 2
    home.settings.write_text("trials_at_once: 0\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="trials_at_once"):
        places(home)


def test_the_environment_says_which_accelerators_there_are(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, 5")
    assert accelerators() == ["3", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert accelerators() == []


def test_two_share_the_machine_and_a_third_waits(home):
    come = threading.Event()

    def third():
        with place(home, 2):
            come.set()

    waiting = threading.Thread(target=third)
    with place(home, 2):
        with place(home, 2):
            waiting.start()
            assert not come.wait(0.5)
        assert come.wait(30)
        waiting.join()


def test_a_place_has_an_accelerator_of_its_own_where_there_are_any(home, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    with place(home, 2) as share:
        assert share.accelerator == "3"
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"


def test_one_that_wants_the_whole_machine_waits_for_all_of_it_and_is_not_pinned(home):
    come = threading.Event()

    def whole():
        with place(home, 1):
            come.set()

    with place(home, 2):
        waiting = threading.Thread(target=whole)
        waiting.start()
        assert not come.wait(0.5)
    assert come.wait(30)
    waiting.join()
    before = dict(os.environ)
    with place(home, 1):
        assert dict(os.environ) == before


def test_a_share_is_pinned_while_it_is_held(monkeypatch):
    import torch

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    before = torch.get_num_threads()
    with pinned(Share(threads=before + 1, accelerator="1")):
        assert os.environ["OMP_NUM_THREADS"] == str(before + 1)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"
        assert torch.get_num_threads() == before + 1
    assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert torch.get_num_threads() == before


HOLD = """
import sys, time
from pathlib import Path
from forgemind_assets.home import Home
from resources.places import place
with place(Home(root=Path(sys.argv[1]), models=Path(".")), 1):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_place_of_a_killed_process_is_free(home: Home, tmp_path: Path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.root)], cwd=REPOSITORY, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with place(home, 1) as share:
        assert share.threads >= 1
