"""No secret of the environment stands in anything that a whole run writes or says."""

import base64
import gzip
import json
import sqlite3
import ssl
import subprocess
import zipfile
from contextlib import closing
from html import escape
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
import yaml
from fakes.command import PATIENCE_SECONDS, start
from fakes.leaks import leaks
from fakes.mlflow_server import MlflowServer
from fakes.moderation_server import FakeModeration
from fakes.openai_server import Fails, FakeOpenAI, Says
from fakes.saved_pages import save_pages
from fakes.smtp_server import FakeMailServer
from fakes.taught_goal import pair, taught_goal
from fakes.tiny_model import write_catalogue, write_tiny_model
from fakes.webhook_server import FakeReceiver

from forgemind_assets.lorekeeper.store import Store

MARK = "/x+Zq7:"  # base64 and an address write these letters otherwise
SECRETS = {
    "PAID_TEACHER_KEY": f"sk-pLant3d{MARK}teacher-8d1f40c2",
    "ALERT_SMTP_PASSWORD": f"pLant3d{MARK}mail-77ab01e9",
    "MLFLOW_TRACKING_TOKEN": f"pLant3d{MARK}mlflow-5c20de44",
    "MLFLOW_TRACKING_PASSWORD": f"pLant3d{MARK}mlflow-9e00b1a7",
    "WANDB_API_KEY": f"pLant3d{MARK}wandb-a41c9b3e12f0",
    "AWS_SECRET_ACCESS_KEY": f"pLant3d{MARK}aws-61f0b2c8d9e7",
    "AWS_SESSION_TOKEN": f"pLant3d{MARK}aws-session-03fe",
    "HF_TOKEN": f"hf_pLant3d{MARK}hub-e90c77ab12",
    "OPENAI_API_KEY": f"sk-pLant3d{MARK}openai-44fe0d1b",
    "GITHUB_TOKEN": f"ghp_pLant3d{MARK}github-1f2e3d4c",
}
HOOK_PATH = "services/pLant3d/x+Zq7/hook-20c4e8f1"


@pytest.mark.parametrize(
    "leave",
    [
        lambda folder, v: (folder / "a.log").write_text(f"key={v}"),
        lambda folder, v: (folder / "a.txt").write_text(f"https://x/?k={quote(v, safe='')}"),
        lambda folder, v: (folder / "a").write_bytes(base64.b64encode(f"user:{v}".encode())),
        lambda folder, v: (folder / "b").write_bytes(base64.b64encode(f"us:{v}!".encode())),
        lambda folder, v: (folder / "c").write_bytes(base64.urlsafe_b64encode(v.encode())),
        lambda folder, v: (folder / "a").write_text(quote(quote(v, safe=""), safe="")),
        lambda folder, v: (folder / "a.html").write_text(f"<p>{escape(v)}</p>"),
        lambda folder, v: (folder / "a.json").write_text(json.dumps(v).replace("/", "\\/")),
        lambda folder, v: (folder / "a").write_text(v.encode().hex()),
        lambda folder, v: (folder / "a.gz").write_bytes(gzip.compress(v.encode())),
        lambda folder, v: pl.DataFrame({"t": ["x", v] * 9}).write_parquet(folder / "t.parquet"),
        lambda folder, v: zipped(folder / "a.zip", v),
        lambda folder, v: database(folder / "a.db", v),
    ],
    ids=["text", "quoted", "base64", "base64 within", "base64 url", "quoted twice", "HTML", "JSON",
         "hex", "gzip", "parquet", "zip", "db"],
)  # fmt: skip
def test_the_search_finds_a_value_in_each_form(tmp_path, leave):
    (tmp_path / "deep").mkdir()
    leave(tmp_path / "deep", "another value altogether")
    assert leaks(tmp_path, SECRETS) == []
    leave(tmp_path / "deep", SECRETS["HF_TOKEN"])
    assert {line.split()[0] for line in leaks(tmp_path, SECRETS)} == {"HF_TOKEN"}


def zipped(path, value):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", value)


def database(path, value):
    """A long cell, which the file holds in pieces."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table if not exists t (x text)")
        for length in range(4070, 4090):
            connection.execute("insert into t values (?)", ("y" * length + value + "z" * 9000,))


def certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for localhost in `cert.pem`."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def talkative(number, body):
    """A teacher that repeats the key in two refusals, and then answers."""
    said = f"bad key {SECRETS['PAID_TEACHER_KEY']} in Bearer {SECRETS['PAID_TEACHER_KEY']}"
    if number == 0:
        return Fails(429, said, {"retry-after": "0"})
    return Fails(400, said) if number == 1 else Says(pair(number))


def moderator(number, body):
    """A moderation service that repeats the key in two failures, and then answers."""
    said = json.dumps({"error": {"message": f"key {SECRETS['OPENAI_API_KEY']} has no quota"}})
    return (500 if number == 0 else 400, said) if number < 2 else None


def settings(receiver: FakeReceiver, mail: FakeMailServer) -> str:
    """One webhook and one mail server; their secrets are named, not given."""
    post = {"name": "ops", "host": "localhost", "port": mail.port, "sender": "forge@example.com",
            "to": ["ops@example.com"], "user_env": "ALERT_SMTP_USER",
            "password_env": "ALERT_SMTP_PASSWORD"}  # fmt: skip
    hook = {"name": "chat", "url_env": "ALERT_WEBHOOK"}
    return yaml.safe_dump({"alerts": {"webhooks": [hook], "emails": [post]}})


# Everything that a run leaves, by what it is: the search below must have gone through each.
SEARCHED = {
    "Dagster's event log": "home/dagster/history/**/*.db",
    "what steps printed": "home/dagster/storage/**/*.err",
    "logs": "home/logs/*",
    "the ledger": "home/ledger.db",
    "manifests": "home/store/**/manifest.json",
    "rows": "home/store/**/*.parquet",
    "reports": "home/store/**/report.json",
    "the MLflow database": "home/mlflow/mlflow.db",
    "MLflow artifacts": "home/mlflow/artifacts/**/adapter_model.safetensors",
    "pages of the dashboard": "pages/*.html",
    "the terminal": "out.txt",
}


@pytest.mark.slow
def test_a_run_to_its_end_leaves_no_secret_of_the_environment_anywhere(tmp_path):
    model = write_tiny_model(tmp_path / "tiny", embedding_scale=25)  # learns, and is registered
    write_catalogue(tmp_path / "catalogue.yaml", "tiny", model)
    login = ("forge", "the password is another one")
    with (
        FakeOpenAI(talkative, key=SECRETS["PAID_TEACHER_KEY"]) as teacher,
        FakeModeration(moderator, key=SECRETS["OPENAI_API_KEY"]) as moderation,
        FakeReceiver(down=1, status=500) as receiver,
        FakeMailServer(tls=certificate(tmp_path), login=login) as mail,
    ):
        optional = {"layers": {"openai_moderation": {"training_rows": "optional"}}}
        search = {"rank": 16, "learning_rate": 0.002, "epochs": 40}
        taught_goal(tmp_path / "goal", teacher, {"policy": optional}, **search)
        home = tmp_path / "home"
        home.mkdir()
        (home / "settings.yaml").write_text(settings(receiver, mail))
        given = SECRETS | {
            "ALERT_WEBHOOK": f"http://127.0.0.1:{receiver.port}/{HOOK_PATH}",
            "ALERT_SMTP_USER": "forge",
            "OPENAI_BASE_URL": moderation.base_url,
            "SSL_CERT_FILE": str(tmp_path / "cert.pem"),
        }
        run = start(tmp_path, "run", str(tmp_path / "goal"), "--headless", **given)
        assert run.wait(PATIENCE_SECONDS) in (0, 3), (tmp_path / "out.txt").read_text()
        save_pages(tmp_path, given)
    found = Store(home / "store").partitions("small_goal", "registry_entry")
    assert found == ["0000", "0001"]
    # Each secret that a channel needs was really used; the servers even repeated theirs.
    assert len(teacher.requests) == 13
    assert len(moderation.requests) > 2
    assert receiver.posts
    assert {path for path, _, _ in receiver.posts} == {f"/{HOOK_PATH}"}
    assert ("forge", SECRETS["ALERT_SMTP_PASSWORD"], True) in mail.logins
    assert [what for what, where in SEARCHED.items() if not any(tmp_path.glob(where))] == []
    planted = SECRETS | {"ALERT_WEBHOOK": HOOK_PATH}
    assert leaks(tmp_path, planted) == []


PASSWORD = SECRETS["MLFLOW_TRACKING_PASSWORD"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_with_an_mlflow_server_leaves_no_login_of_its_address_anywhere(tmp_path):
    model = write_tiny_model(tmp_path / "tiny", embedding_scale=25)
    write_catalogue(tmp_path / "catalogue.yaml", "tiny", model)
    with (
        FakeOpenAI(lambda number, body: Says(pair(number))) as teacher,
        MlflowServer(tmp_path / "server", login=("forge", PASSWORD)) as mlflow,
    ):
        taught_goal(tmp_path / "goal", teacher, rank=16, learning_rate=0.002, epochs=40)
        address = f"http://forge:{quote(PASSWORD, safe='')}@127.0.0.1:{mlflow.port}"
        given = {"MLFLOW_TRACKING_URI": address, "PAID_TEACHER_KEY": teacher.key}
        run = start(tmp_path, "run", str(tmp_path / "goal"), "--headless", **given)
        assert run.wait(PATIENCE_SECONDS) in (0, 3), (tmp_path / "out.txt").read_text()
        save_pages(tmp_path, given)
        assert set(mlflow.seen()) == {"welcome"}
    assert list((tmp_path / "server").glob("artifacts/**/adapter_model.safetensors"))
    assert not (tmp_path / "home" / "mlflow" / "mlflow.db").exists()
    elsewhere = {"the MLflow database", "MLflow artifacts"}
    left = {what: where for what, where in SEARCHED.items() if what not in elsewhere}
    assert [what for what, where in left.items() if not any(tmp_path.glob(where))] == []
    assert leaks(tmp_path, SECRETS) == []
