"""A version on W&B: figures only, once, and never at the price of a run."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from types import SimpleNamespace

import psutil
import pytest
from fakes.artefacts import write_adapter
from fakes.loopback import Loopback, QuietHandler
from fakes.trials import publish_report
from fakes.wandb_package import write_wandb

from forgemind_assets.errors import AlteredArtefact
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.store import Store
from resources.tracked_runs import (
    HIDDEN,
    end_group,
    rates,
    readable,
    show_version,
    tell,
    tracked_run,
)

REAL = pytest.mark.skipif(find_spec("wandb") is None, reason="the package wandb is not installed")
MANIFEST = {
    "train_seconds": 12.5,
    "finished": True,
    "losses": [[1, 2.5], [2, 0.625]],
    "note": "sk-" + "planted" + "0123456789abcdefghijklmnop",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [n for n in os.environ if n.startswith("WANDB_")] + ["FORGEMIND_WANDB"]:
        monkeypatch.delenv(name, raising=False)
    home = Home(tmp_path / "home", tmp_path / "models")
    store = Store(home.store)
    with store.publish("small_goal", "adapter", "0002-a", {}) as folder:
        write_adapter(folder, 19, **MANIFEST)
    place = SimpleNamespace(
        goal=SimpleNamespace(name="small_goal"), workshop=SimpleNamespace(store=store)
    )
    publish_report(place, "canary_report", "0002-a", passed=12)
    publish_report(place, "benchmark_report", "0002-a", passed=18)
    return home


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Puts a package of the name wandb on the path that does as it is told."""

    def write(body):
        folder = write_wandb(tmp_path / "site", body)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", str(folder))
        monkeypatch.setenv("FORGEMIND_WANDB", "on")
        return folder

    return write


def show(home):
    return show_version(home, "small_goal", "0002-a", "3")


@pytest.mark.parametrize("said", [None, "off"])
def test_nothing_is_shown_or_written_unless_it_is_turned_on(home, monkeypatch, said):
    if said:
        monkeypatch.setenv("FORGEMIND_WANDB", said)
    assert show(home) is None
    assert not (home.root / "wandb").exists()


def test_a_baseline_has_no_version_to_show(home, monkeypatch):
    monkeypatch.setenv("FORGEMIND_WANDB", "on")
    assert show_version(home, "small_goal", "0000-a", None) is None


def test_a_switch_that_is_neither_on_nor_off_is_said_and_fails_nothing(home, monkeypatch):
    monkeypatch.setenv("FORGEMIND_WANDB", "maybe")
    assert show(home) == "not shown: FORGEMIND_WANDB: expected on or off, found 'maybe'"


@pytest.mark.skipif(find_spec("wandb") is not None, reason="wandb is installed here")
def test_a_missing_package_is_said_with_how_to_install_it(home, monkeypatch):
    monkeypatch.setenv("FORGEMIND_WANDB", "on")
    assert "pip install 'forgemind[wandb]'" in show(home)


def test_figures_are_gathered_and_cases_of_a_gate_are_not(home):
    run = tracked_run(Store(home.store), "small_goal", "0002-a", "3")
    assert run.params == {"trial": "0002-a", "version": "3", "rank": 2}
    assert run.metrics == {
        "train_seconds": 12.5,
        "dev_pass_rate": 0.5,
        "dev/CWE-89": 0.5,
        "full_pass_rate": 0.75,
        "full/CWE-89": 0.75,
    }
    assert run.losses == ((1, 2.5), (2, 0.625))
    assert set(run.documents) == {"manifest", "canary_report", "benchmark_report"}
    assert run.documents["benchmark_report"]["overall"]["passed"] == 18
    assert "samples" not in run.documents["benchmark_report"]
    assert '"prompt": "p"' not in run.model_dump_json(indent=1)


def test_a_suite_without_cases_has_no_rate():
    empty = {"passed": 0, "total": 0}
    assert rates("dev", {"overall": empty, "slices": {"x": empty}}) == {}


def test_an_altered_report_is_not_shown_and_fails_nothing(home, monkeypatch, package):
    package("raise ImportError")
    store = Store(home.store)
    (store.folder("small_goal", "canary_report", "0002-a") / "report.json").write_text("{}")
    with pytest.raises(AlteredArtefact):
        tracked_run(store, "small_goal", "0002-a", "3")
    assert show(home).startswith("not shown: ")


def test_an_error_of_the_library_is_said_without_the_key(home, monkeypatch, package):
    package("def init(**_):\n    raise RuntimeError('planted failure, key abc123def')")
    monkeypatch.setenv("WANDB_API_KEY", "abc123def")
    assert show(home) == "not shown: RuntimeError: planted failure, key (key)"
    assert "failure" in show(home), "what failed is tried again"


def test_a_library_that_ends_its_process_ends_nothing_else(home, package):
    package("import os\nos._exit(7)")
    assert show(home) == "not shown: its process ended with 7"


def test_a_library_that_hangs_is_ended(home, package):
    package("import time\ntime.sleep(600)")
    run = tracked_run(Store(home.store), "small_goal", "0002-a", "3")
    assert tell(home, run, seconds=2).startswith("no end after 2 seconds; `wandb sync`")


def test_all_that_a_hanging_library_started_is_ended():
    leader = subprocess.Popen(
        ["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True
    )
    child = int(leader.stdout.readline())
    end_group(leader)
    leader.stdout.close()
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)
    assert leader.returncode == -9


RECORDER = """
import json, os, pathlib
told = pathlib.Path(os.environ["TOLD"])

def say(*what):
    with told.open("a") as file:
        file.write(json.dumps(what) + "\\n")

class Config:
    def update(self, values, **_):
        say("params", values)

class Run:
    config = Config()
    def log(self, values, step=None):
        say("metrics", values, step)
    def log_artifact(self, artifact):
        say("artifact", artifact.name, artifact.type, artifact.files)
    def finish(self, exit_code=0):
        say("finish", exit_code)

class Artifact:
    def __init__(self, name, type):
        self.name, self.type = name, type
    def add_dir(self, path):
        self.files = {p.name: p.read_text() for p in pathlib.Path(path).iterdir()}

def Settings(**values):
    return values

def init(*, project, name, group, dir, settings):
    say("init", project, name, group, settings["mode"])
    return Run()

def teardown():
    pass
"""


def test_a_version_is_shown_once_with_its_figures_reports_and_manifest(
    home, package, monkeypatch, tmp_path
):
    package(RECORDER)
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    assert show(home) == "shown as 0002-a"
    told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert told[0] == ["init", "small_goal", "0002-a", "0002", "offline"]
    assert told[1] == ["params", {"trial": "0002-a", "version": "3", "rank": 2}]
    assert told[2:4] == [
        ["metrics", {"train_loss": 2.5}, 1],
        ["metrics", {"train_loss": 0.625}, 2],
    ]
    assert told[4][1]["full_pass_rate"] == 0.75
    kind, name, of, files = told[5]
    assert (kind, name, of) == ("artifact", "small_goal-0002-a", "report")
    assert set(files) == {"manifest.json", "canary_report.json", "benchmark_report.json"}
    assert json.loads(files["manifest.json"])["note"] == HIDDEN
    assert told[6:] == [["finish", 0]]
    assert show(home) == "shown before as 0002-a"
    assert len((tmp_path / "told").read_text().splitlines()) == len(told)


def test_a_long_error_is_cut_and_one_with_a_secret_is_hidden():
    assert len(readable("x " * 1000)) == 300
    assert readable("key " + MANIFEST["note"]) == HIDDEN


class Refusing(Loopback):
    """W&B's address, where nobody is let in."""

    def __init__(self):
        self.asked = []
        outer = self

        class Handler(QuietHandler):
            def do_POST(self):
                outer.asked.append(self.path)
                self.reply(401, "{}")

            do_GET = do_POST  # noqa: N815

        super().__init__(Handler)


@REAL
@pytest.mark.slow
def test_the_real_wandb_offline_has_the_figures_and_no_case_of_a_gate(home, monkeypatch):
    monkeypatch.setenv("FORGEMIND_WANDB", "on")
    assert show(home) == "shown as 0002-a"
    written = [p for p in (home.root / "wandb").rglob("*") if p.is_file()]
    content = b"\n".join(p.read_bytes() for p in written)
    for expected in (b"full_pass_rate", b"train_loss", b"benchmark_report"):
        assert expected in content
    assert MANIFEST["note"].encode() not in content
    assert b'"samples"' not in content


@REAL
@pytest.mark.slow
def test_the_real_wandb_with_a_key_that_is_refused_fails_nothing(home, monkeypatch):
    with Refusing() as server:
        monkeypatch.setenv("FORGEMIND_WANDB", "on")
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
        said = show(home)
    assert said.startswith("not shown: ")
    assert "0123456789" not in said
    assert sys.modules.get("wandb") is None, "nothing of it is loaded here"
