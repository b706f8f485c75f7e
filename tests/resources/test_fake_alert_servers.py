"""The fakes of webhook and mail do what a real one does."""

import smtplib

import httpx
import pytest
from fakes.smtp_server import FakeMailServer
from fakes.webhook_server import FakeReceiver


def test_the_receiver_is_down_and_then_drops_repeats():
    with FakeReceiver(down=1, headers={"Retry-After": "7"}, drops_repeats=True) as server:
        got = [
            httpx.post(server.url, json={"a": 1}, headers={"Idempotency-Key": k}) for k in "xxxy"
        ]
    assert [one.status_code for one in got] == [503, 200, 200, 200]
    assert got[0].headers["retry-after"] == "7"
    assert len(server.posts) == 4
    assert server.accepted == [{"a": 1}, {"a": 1}]


def test_the_mail_server_keeps_mail_and_refuses_what_it_should():
    with FakeMailServer(down=1, refuse=("no@example.com",)) as server:
        with pytest.raises(smtplib.SMTPConnectError):
            smtplib.SMTP("127.0.0.1", server.port, timeout=10)
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            refused = client.sendmail("a@b.c", ["no@example.com", "yes@example.com"], "hello")
    assert list(refused) == ["no@example.com"]
    assert server.mails == [("<a@b.c>", ("yes@example.com",), "hello")]


def test_the_mail_server_wants_its_login():
    with FakeMailServer(login=("u", "p")) as server:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("u", "wrong")
            with pytest.raises(smtplib.SMTPSenderRefused):
                client.sendmail("a@b.c", ["d@e.f"], "hello")
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            client.login("u", "p")
            client.sendmail("a@b.c", ["d@e.f"], "hello")
    assert len(server.mails) == 1
