import httpx
import pytest
from fakes.openai_server import Fails, FakeOpenAI, Says, Sends

BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


def post(server, key="fake-key"):
    headers = {"authorization": f"Bearer {key}"}
    url = f"{server.base_url}/chat/completions"
    return httpx.post(url, json=BODY, headers=headers, trust_env=False)


def test_it_answers_fails_and_sends_what_its_script_says():
    script = [Says("hi"), Fails(429, headers={"retry-after": "3"}), Sends("<html>", "text/html")]
    with FakeOpenAI(lambda n, _: script[n]) as server:
        first, second, third = post(server), post(server), post(server)
        assert first.json()["choices"][0]["message"]["content"] == "hi"
        assert (second.status_code, second.headers["retry-after"]) == (429, "3")
        assert third.text == "<html>"
        assert server.questions == ["hello"] * 3


def test_it_knows_its_key():
    with FakeOpenAI(lambda *_: Says("hi")) as server:
        assert post(server, "another").status_code == 401
        assert server.requests == []


def test_a_cut_answer_ends_before_the_length_it_announced():
    sends = Sends('{"choices": [', cut=True)
    with FakeOpenAI(lambda *_: sends) as server, pytest.raises(httpx.RemoteProtocolError):
        post(server)
