"""Weights & Biases beside MLflow: off by default, offline without a key, and it tells nobody."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from fakes.loopback import Loopback, QuietHandler

from forgemind_assets.errors import UserError
from forgemind_assets.home import REPOSITORY, Home
from resources.trackers import HIDDEN, Trackers, hide_secrets, online, surroundings, tracking

SECRET = "sk-" + "planted" + "0123456789abcdefghijklmnop"


@pytest.fixture
def home(tmp_path):
    return Home(root=tmp_path / "home", models=tmp_path / "models")


class Recorder:
    """A tracker that writes down what it is told."""

    def __init__(self):
        self.told = []

    def log_params(self, params):
        self.told.append(("params", dict(params)))

    def log_metrics(self, metrics, step=None):
        self.told.append(("metrics", dict(metrics), step))

    def log_artifact(self, path, name, kind):
        self.told.append(("artifact", path, name, kind))

    def finish(self, *, failed=False):
        self.told.append(("finish", failed))


def test_every_tracker_is_told_everything():
    one, two = Recorder(), Recorder()
    both = Trackers(one, two)
    both.log_params({"rank": 2})
    both.log_metrics({"loss": 0.5}, 3)
    both.log_artifact(Path("adapter"), "adapter", "model")
    both.finish(failed=True)
    assert one.told == two.told
    assert [what[0] for what in one.told] == ["params", "metrics", "artifact", "finish"]


@pytest.mark.parametrize("said", [None, "", "off", "0", "false"])
def test_it_is_off_unless_turned_on_and_then_writes_nothing(home, monkeypatch, said):
    monkeypatch.delenv("FORGEMIND_WANDB", raising=False)
    if said is not None:
        monkeypatch.setenv("FORGEMIND_WANDB", said)
    with tracking(home, "goal", "0001-a") as tracker:
        tracker.log_params({"rank": 2})
        tracker.log_metrics({"loss": 0.5})
    assert not home.root.exists()
    assert "wandb" not in sys.modules


def test_a_switch_that_is_neither_on_nor_off_is_refused(home, monkeypatch):
    monkeypatch.setenv("FORGEMIND_WANDB", "maybe")
    with (
        pytest.raises(UserError, match="expected on or off, found 'maybe'"),
        tracking(home, "g", "t"),
    ):
        pass


@pytest.mark.skipif(find_spec("wandb") is not None, reason="wandb is installed here")
def test_turned_on_without_the_package_says_how_to_install_it(home, monkeypatch):
    monkeypatch.setenv("FORGEMIND_WANDB", "on")
    with pytest.raises(UserError, match=r"forgemind\[wandb\]"), tracking(home, "g", "t"):
        pass


def test_it_is_offline_without_a_key_and_where_the_user_says_so(monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for key, expected in (("", False), (" ", False), ("abc", True)):
        monkeypatch.setenv("WANDB_API_KEY", key)
        assert online() is expected
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert not online()


def test_the_environment_is_as_it_was_after_a_run_and_the_users_choices_hold(home, monkeypatch):
    monkeypatch.setenv("WANDB_CACHE_DIR", "mine")
    monkeypatch.delenv("WANDB_DATA_DIR", raising=False)
    before = dict(os.environ)
    with surroundings(home):
        assert os.environ["WANDB_CACHE_DIR"] == "mine"
        assert os.environ["WANDB_DATA_DIR"].startswith(str(home.root))
        assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    assert dict(os.environ) == before


def test_what_looks_like_a_secret_is_hidden_at_any_depth():
    told = {"rank": 2, "teacher": {"keys": [SECRET, "ok"]}, "url": "https://a:b1234@host/v1"}
    assert hide_secrets(told) == {
        "rank": 2,
        "teacher": {"keys": [HIDDEN, "ok"]},
        "url": HIDDEN,
    }


class Trap(Loopback):
    """A server on loopback that counts who connects; it answers 500 to everything."""

    def __init__(self):
        self.paths = []
        outer = self

        class Handler(QuietHandler):
            def do_POST(self):
                outer.paths.append(f"{self.command} {self.path}")
                self.reply(500, "")

            do_GET = do_HEAD = do_CONNECT = do_PUT = do_POST  # noqa: N815

        super().__init__(Handler)


def test_the_trap_counts_who_connects():
    with Trap() as trap:
        assert httpx.get(trap.url + "/x", trust_env=False).status_code == 500
        with pytest.raises(httpx.ProxyError):
            httpx.get("https://example.invalid/", proxy=trap.url, timeout=5)
        assert trap.paths == ["GET /x", "CONNECT example.invalid:443"]


SCRIPT = """
import sys
from pathlib import Path
from forgemind_assets.home import Home
from resources.trackers import tracking
root = Path(sys.argv[1])
with tracking(Home(root=root / "home", models=root), "small_goal", "0001-a", "0001") as tracker:
    tracker.log_params({"rank_planted_param": 2, "teacher_key": sys.argv[2]})
    tracker.log_metrics({"pass_rate_planted_metric": 0.875})
    tracker.log_artifact(root / "adapter", "small_goal adapter", "model")
print("done")
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("wandb") is None, reason="the package wandb is not installed")
def test_the_real_wandb_offline_writes_under_the_home_tells_nobody_and_keeps_no_secret(tmp_path):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB_", "FORGEMIND_"))}
    with Trap() as trap:
        environment = kept | {
            "FORGEMIND_WANDB": "on",
            "HOME": str(elsewhere),
            "OPENAI_API_KEY": SECRET,
            "DATABASE_PASSWORD": "planted-password-of-the-environment",
            "WANDB_BASE_URL": trap.url,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)]),
        }
        environment |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), trap.url)
        environment |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), trap.url)
        environment |= {"NO_PROXY": "", "no_proxy": ""}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path), SECRET],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert trap.paths == []
    written = [p for p in (tmp_path / "home" / "wandb").rglob("*") if p.is_file()]
    content = b"\n".join(p.read_bytes() for p in written)
    for expected in (b"rank_planted_param", b"pass_rate_planted_metric", b"0.875"):
        assert expected in content, "what was logged is in the run's file"
    assert SECRET.encode() not in content
    assert b"planted-password" not in content
    assert HIDDEN.encode() in content
    assert [p for p in written if p.suffix == ".wandb"]
    assert [p for p in elsewhere.rglob("*") if p.is_file()] == []
