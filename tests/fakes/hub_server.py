"""A model hub on loopback with one repository at one commit."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeHub:
    """Serves `files` as the repository at `revision`; with `status`, refuses everything."""

    def __init__(self, repository: str, revision: str, files: dict[str, bytes], status: int = 200):
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.paths.append(self.path)
                path = self.path.split("?")[0]
                resolve = f"/{repository}/resolve/{revision}/"
                if status != 200:
                    self._send(status, b"{}", {"X-Error-Code": "GatedRepo"})
                elif path.startswith(f"/api/models/{repository}/tree/{revision}"):
                    self._send(200, json.dumps(tree(files)).encode())
                elif path.startswith(resolve) and path[len(resolve) :] in files:
                    data = files[path[len(resolve) :]]
                    etag = hashlib.sha256(data).hexdigest()
                    headers = {"ETag": f'"{etag}"', "X-Repo-Commit": revision}
                    self._send(200, data, headers)
                else:
                    self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})

            do_HEAD = do_GET  # noqa: N815

            def _send(self, code, data, headers=None):
                self.send_response(code)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FakeHub":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def tree(files: dict[str, bytes]) -> list[dict]:
    return [
        {"type": "file", "path": n, "size": len(d), "oid": hashlib.sha1(d).hexdigest()}
        for n, d in files.items()
    ]
