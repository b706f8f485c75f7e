"""Dagster's webserver as an ASGI application that knows the rights of a session."""

from typing import Any

from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster_webserver.webserver import DagsterWebserver
from starlette.requests import HTTPConnection

from resources.guard.admission import Rights
from resources.guard.asgi import RIGHTS_KEY

POLL_MILLISECONDS = 2_000


class SessionWebserver(DagsterWebserver[WorkspaceProcessContext, WorkspaceRequestContext]):
    """Dagster's webserver; to a session that may only look it is Dagster's read-only one.

    That is a second barrier behind the guard, and it greys out the buttons. A request that did
    not come through the guard has no rights and fails.
    """

    def _make_request_context(self, conn: HTTPConnection) -> WorkspaceRequestContext:
        context = self._process_context.create_request_context(conn)
        if conn.scope[RIGHTS_KEY] is Rights.ACT:
            return context
        return WorkspaceRequestContext(
            instance=context.instance,
            current_workspace=context.get_current_workspace(),
            process_context=self._process_context,
            version=context.version,
            source=conn,
            read_only=True,
        )


def dagster_app(context: WorkspaceProcessContext) -> Any:
    """The application for one workspace."""
    return SessionWebserver(context, "", POLL_MILLISECONDS).create_asgi_app()
