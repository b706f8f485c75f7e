"""A tracking server that asks who comes: MLflow is let in, and writes the login nowhere."""

import os
from urllib.parse import quote

import dagster as dg
import pytest
from fakes.installation import forgemind, install
from fakes.leaks import leaks
from fakes.mlflow_server import MlflowServer
from fakes.trials import conclude, publish_plan, publish_trial
from hypothesis import given
from hypothesis import strategies as st

from forgemind_assets.errors import UserError
from resources.registry import CANDIDATE, Registry, without_login

TOKEN = "pLant3d/x+Zq7:mlflow-5c20de44"
PASSWORD = "pLant3d/x+Zq7:mlflow-9e00b1a7"
PLANTED = {"token": TOKEN, "password": PASSWORD}
NAMES = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
LOGINS = {
    "a token": {"MLFLOW_TRACKING_TOKEN": TOKEN},
    "user and password": dict(zip(NAMES, ("forge", PASSWORD), strict=True)),
    "both in the address": {},
}


@pytest.fixture(autouse=True)
def _no_login(monkeypatch):
    for name in (*NAMES, "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, "")  # so that what a test sets in the process is undone
        monkeypatch.delenv(name)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of mlflow
@pytest.mark.parametrize("name", LOGINS)
def test_a_version_is_registered_by_who_logs_in_and_the_login_is_in_no_file(
    tmp_path, monkeypatch, capfd, name
):
    token = LOGINS[name].get("MLFLOW_TRACKING_TOKEN", "")
    within = f"forge:{quote(PASSWORD, safe='')}@" if name == "both in the address" else ""
    (tmp_path / "dagster").mkdir()
    with (
        MlflowServer(tmp_path / "server", token=token, login=("forge", PASSWORD)) as mlflow,
        dg.instance_for_test(temp_dir=str(tmp_path / "dagster")) as instance,
    ):
        place = install(tmp_path, instance, monkeypatch)
        for variable, value in LOGINS[name].items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{within}127.0.0.1:{mlflow.port}")
        publish_plan(place, "0001")
        publish_trial(place, "0001-a", passed=10)
        assert conclude(place, "0001")["version"] == "1"
        registry = Registry(place.workshop.home)
        assert registry.version_of("small_goal", CANDIDATE).trial == "0001-a"
        shown = forgemind(place, "registry", "show", "GOAL", "1", "--json")
        assert shown.exit_code == 0, shown.output
        assert set(mlflow.seen()) == {"welcome"}
    (tmp_path / "shown.txt").write_text(shown.output)
    (tmp_path / "said.txt").write_text("".join(capfd.readouterr()))
    assert any((tmp_path / "dagster").rglob("*.db"))
    assert list((tmp_path / "server").glob("artifacts/**/adapter_model.safetensors"))
    assert leaks(tmp_path, PLANTED) == []


def test_a_login_leaves_the_address_for_the_environment():
    address = f"https://forge:{quote(PASSWORD, safe='')}@mlflow.example:8443/base?a=1"
    assert without_login(address) == "https://mlflow.example:8443/base?a=1"
    assert tuple(os.environ[name] for name in NAMES) == ("forge", PASSWORD)


@pytest.mark.parametrize("login", ["secret", "secret:", ":secret"])
def test_half_a_login_is_told_and_not_shown(login):
    with pytest.raises(UserError, match="MLFLOW_TRACKING_TOKEN") as told:
        without_login(f"http://{login}@127.0.0.1:5000")
    assert "secret" not in str(told.value)


WORD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(user=WORD, password=WORD)
def test_any_user_and_password_are_told_as_they_are(user, password):
    before = dict(os.environ)
    try:
        address = f"http://{quote(user, safe='')}:{quote(password, safe='')}@[::1]:5000"
        assert without_login(address) == "http://[::1]:5000"
        assert tuple(os.environ[name] for name in NAMES) == (user, password)
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:5000", "https://mlflow.example", "sqlite:////a@b/mlflow.db"]
)
def test_an_address_without_a_login_is_left_as_it_is(address):
    before = dict(os.environ)
    assert without_login(address) == address
    assert dict(os.environ) == before
