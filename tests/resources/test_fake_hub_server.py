import httpx
from fakes.hub_server import FakeHub

REVISION = "b" * 40


def test_it_lists_and_serves_its_files_and_nothing_else():
    with FakeHub("a/b", REVISION, {"x.json": b"{}"}) as hub, httpx.Client(trust_env=False) as http:
        listing = http.get(f"{hub.url}/api/models/a/b/tree/{REVISION}?recursive=true").json()
        assert [(f["path"], f["size"]) for f in listing] == [("x.json", 2)]
        assert http.get(f"{hub.url}/a/b/resolve/{REVISION}/x.json").content == b"{}"
        assert http.get(f"{hub.url}/a/b/resolve/{REVISION}/y.json").status_code == 404
        assert (
            http.head(f"{hub.url}/a/b/resolve/{REVISION}/x.json").headers["content-length"] == "2"
        )


def test_with_a_status_it_refuses_everything():
    with FakeHub("a/b", REVISION, {"x.json": b"{}"}, status=403) as hub:
        url = f"{hub.url}/a/b/resolve/{REVISION}/x.json"
        assert httpx.get(url, trust_env=False).status_code == 403
