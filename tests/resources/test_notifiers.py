"""Webhook, mail and log against real servers on loopback; no secret leaves where it belongs."""

import logging
import ssl
import subprocess

import pytest
from fakes.alert_facts import alert
from fakes.smtp_server import FakeMailServer
from fakes.webhook_server import FakeReceiver

from forgemind_assets.errors import DeliveryFailed
from forgemind_assets.warden.alert_settings import EmailSettings, WebhookSettings
from resources.notifiers.email import Email
from resources.notifiers.log import Log
from resources.notifiers.webhook import Webhook

HOOK = WebhookSettings(name="team", url_env="TEST_HOOK", timeout_seconds=5)
PASSWORD = "correct-horse-battery"


def test_a_webhook_gets_slack_json_and_the_events_key(monkeypatch):
    with FakeReceiver() as server:
        monkeypatch.setenv("TEST_HOOK", server.url)
        Webhook(HOOK).send(alert(), 1)
    path, headers, body = server.posts[0]
    assert path == "/services/T0/B0/"
    assert headers["Idempotency-Key"] == alert().key
    assert body["blocks"][0]["type"] == "header"


def test_a_receiver_that_is_down_says_so_without_its_address(monkeypatch):
    with FakeReceiver() as server:
        address = server.url
    monkeypatch.setenv("TEST_HOOK", address)
    with pytest.raises(DeliveryFailed, match="no answer: ConnectError") as caught:
        Webhook(HOOK).send(alert(), 1)
    assert "services" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("header", "after"), [("30", 30.0), ("nonsense", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)]
)
def test_a_refusal_has_its_status_and_how_long_to_wait(monkeypatch, header, after):
    with FakeReceiver(down=1, status=429, headers={"Retry-After": header}) as server:
        monkeypatch.setenv("TEST_HOOK", server.url)
        with pytest.raises(DeliveryFailed, match="status 429") as caught:
            Webhook(HOOK).send(alert(), 1)
    assert caught.value.retry_after == after


def test_a_redirect_is_refused_and_the_other_host_hears_nothing(monkeypatch):
    with FakeReceiver() as other:
        moved = {"Location": other.url}
        with FakeReceiver(down=1, status=307, headers=moved) as server:
            monkeypatch.setenv("TEST_HOOK", server.url)
            with pytest.raises(DeliveryFailed, match="redirect"):
                Webhook(HOOK).send(alert(), 1)
    assert other.posts == []


@pytest.mark.parametrize("address", ["", "not an address", "ftp://host/x", "http://[::1/x"])
def test_an_address_that_is_none_fails_and_is_not_repeated(monkeypatch, address):
    monkeypatch.setenv("TEST_HOOK", address)
    with pytest.raises(DeliveryFailed) as caught:
        Webhook(HOOK).send(alert(), 1)
    assert not address or address not in str(caught.value)


def test_the_address_stands_in_no_log(monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    with FakeReceiver() as server:
        monkeypatch.setenv("TEST_HOOK", server.url)
        Webhook(HOOK).send(alert(), 1)
        assert "services" not in caplog.text
        import httpx

        httpx.post(server.url, json={}, headers={"Idempotency-Key": "x"})
    assert "services" in caplog.text, "other requests are logged as before"


def mail(port, **changes):
    values = {"name": "mail", "host": "localhost", "port": port, "sender": "forge@example.com"}
    return EmailSettings(**(values | {"to": ("ops@example.com",), "timeout_seconds": 5} | changes))


def refusal(server, **changes) -> str:
    """What a failed delivery says."""
    with pytest.raises(DeliveryFailed) as caught:
        Email(mail(server.port, **changes), "ops@example.com").send(alert(), 1)
    return str(caught.value)


def test_a_mail_arrives_with_the_events_message_id():
    with FakeMailServer() as server:
        Email(mail(server.port), "ops@example.com").send(alert(), 2)
    sender, recipients, text = server.mails[0]
    assert (sender, recipients) == ("<forge@example.com>", ("ops@example.com",))
    assert f"Message-ID: <{alert().key}@example.com>" in text
    assert "X-ForgeMind-Attempt: 2" in text


def test_a_server_that_hangs_up_after_accepting_has_accepted():
    with FakeMailServer(leave_after_data=True) as server:
        Email(mail(server.port), "ops@example.com").send(alert(), 1)
    assert len(server.mails) == 1


def test_a_server_that_is_down_or_refuses_gives_its_code_only():
    with FakeMailServer(down=1, refuse=("no@example.com",)) as server:
        with pytest.raises(DeliveryFailed, match="code 421"):
            Email(mail(server.port), "ops@example.com").send(alert(), 1)
        with pytest.raises(DeliveryFailed, match="recipient: code 550"):
            Email(mail(server.port), "no@example.com").send(alert(), 1)
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        Email(mail(server.port), "ops@example.com").send(alert(), 1)


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """A certificate for localhost that this process trusts."""
    key, file = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(key), "-out", str(file), "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return context


@pytest.fixture
def login(monkeypatch):
    monkeypatch.setenv("TEST_USER", "forge")
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)
    return {"user_env": "TEST_USER", "password_env": "TEST_PASSWORD"}


def test_starttls_is_used_where_offered_and_the_password_is_sent_inside(certificate, login):
    with FakeMailServer(tls=certificate, login=("forge", PASSWORD)) as server:
        Email(mail(server.port, **login), "ops@example.com").send(alert(), 1)
    assert server.logins == [("forge", PASSWORD, True)]
    assert len(server.mails) == 1


def test_a_password_is_never_sent_in_clear_nor_shown_when_refused(certificate, login):
    with FakeMailServer(login=("forge", PASSWORD)) as server:
        message = refusal(server, **login)
    assert "password was not sent" in message
    assert server.logins == []
    with FakeMailServer(tls=certificate, login=("forge", "another")) as server:
        message = refusal(server, **login)
    assert server.logins == [("forge", PASSWORD, True)]
    assert "code 535" in message
    assert PASSWORD not in message


def test_required_tls_sends_no_mail_without_it_and_an_unknown_certificate_is_refused(
    certificate, monkeypatch
):
    with FakeMailServer() as server:
        assert "offers no STARTTLS" in refusal(server, tls="required")
    monkeypatch.delenv("SSL_CERT_FILE")
    with FakeMailServer(tls=certificate) as server:
        assert "SSLCertVerificationError" in refusal(server)
    assert server.mails == []


def test_the_log_has_each_alert_once_and_closes_a_line_that_was_cut(tmp_path):
    path = tmp_path / "logs" / "alerts.log"
    for attempt in (1, 2):
        Log(path).send(alert(0), attempt)
    path.write_text(path.read_text() + "a line that a power cut lef")
    Log(path).send(alert(1), 1)
    lines = path.read_text().splitlines()
    assert [line.rsplit("event=")[-1] for line in lines] == [
        alert(0).key,
        "a line that a power cut lef",
        alert(1).key,
    ]


def test_a_log_that_cannot_be_written_is_a_failed_delivery(tmp_path):
    (tmp_path / "logs").write_text("a file where the folder should be")
    with pytest.raises(DeliveryFailed, match=r"alerts\.log"):
        Log(tmp_path / "logs" / "alerts.log").send(alert(), 1)
