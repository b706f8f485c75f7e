"""A model hub on loopback with one repository at one commit."""

import hashlib
import json

from fakes.loopback import Loopback, QuietHandler


class FakeHub(Loopback):
    """Serves `files` as the repository at `revision`; with `status`, refuses everything."""

    def __init__(self, repository: str, revision: str, files: dict[str, bytes], status: int = 200):
        self.paths: list[str] = []
        outer = self

        class Handler(QuietHandler):
            def do_GET(self):
                outer.paths.append(self.path)
                path = self.path.split("?")[0]
                resolve = f"/{repository}/resolve/{revision}/"
                if status != 200:
                    self.reply(status, b"{}", {"X-Error-Code": "GatedRepo"})
                elif path.startswith(f"/api/models/{repository}/tree/{revision}"):
                    self.reply(200, json.dumps(tree(files)).encode())
                elif path.startswith(resolve) and path[len(resolve) :] in files:
                    data = files[path[len(resolve) :]]
                    etag = hashlib.sha256(data).hexdigest()
                    headers = {"ETag": f'"{etag}"', "X-Repo-Commit": revision}
                    self.reply(200, data, headers)
                else:
                    self.reply(404, b"{}", {"X-Error-Code": "EntryNotFound"})

            do_HEAD = do_GET  # noqa: N815

        super().__init__(Handler)


def tree(files: dict[str, bytes]) -> list[dict]:
    return [
        {"type": "file", "path": n, "size": len(d), "oid": hashlib.sha1(d).hexdigest()}
        for n, d in files.items()
    ]
