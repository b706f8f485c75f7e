"""A real MLflow tracking server on loopback, in a process of its own, behind a login.

Run as a program it is the server; it prints its port.
"""

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from forgemind_assets.home import REPOSITORY

SEEN = "seen.txt"


class MlflowServer:
    """Serves from a folder while it is open, to who brings the token or the user and password."""

    def __init__(self, folder: Path, *, token: str = "", login: tuple[str, str] = ("", "")):
        self._folder = folder
        given = base64.b64encode(":".join(login).encode()).decode()
        self._wanted = f"Bearer {token}" if token else f"Basic {given}"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests")])
        known = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fakes.mlflow_server", str(self._folder)],
            cwd=REPOSITORY,
            env=known | {"PYTHONPATH": paths, "WANTED": self._wanted},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()

    def seen(self) -> list[str]:
        """For each request so far whether it was `welcome` or `refused`."""
        return (self._folder / SEEN).read_text(encoding="utf-8").split()


def guarded(application: Callable[..., Any], wanted: str, seen: Path) -> Callable[..., Any]:
    """The application for who logs in; the header itself is written nowhere."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        welcome = environ.get("HTTP_AUTHORIZATION") == wanted
        with seen.open("a", encoding="utf-8") as file:
            file.write("welcome\n" if welcome else "refused\n")
        if welcome:
            return application(environ, start)
        start("401 Unauthorized", [("Content-Type", "text/plain")])
        return [b"log in"]

    return answer


def serve(folder: Path) -> None:
    """Serves until it is killed."""
    wanted = os.environ.pop("WANTED")
    os.environ |= {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder / 'server.db'}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
    }
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from mlflow.server import app
    from werkzeug.serving import make_server

    application = guarded(app.wsgi_app, wanted, folder / SEEN)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
