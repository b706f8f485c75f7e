"""Serves the dashboard behind the guard: pages over GET, decisions over POST.

A decision passes the guard (token, host, origin, `SameSite`), the rights of the session, and a
token of its form. The form's token is bound to the action and to the review as it was shown, so
that nobody decides on what has changed since. What may be decided and what may become `stable`
is not judged here: `Reviews.decide` and `promotions.promote` do, as for the command line. A
promotion is made behind the page, and goes on when a dashboard that may act is started again.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from forgemind_assets.dashboard.frame import (
    STYLE_PATH,
    goal_address,
    goals_page,
    message_page,
    notice,
    review_address,
)
from forgemind_assets.dashboard.goal_page import goal_page
from forgemind_assets.dashboard.records import ReviewForm, ReviewPage
from forgemind_assets.dashboard.review_page import (
    LONGEST_REASON,
    alerts_page,
    queue_page,
    review_page,
)
from forgemind_assets.dashboard.rows_page import rows_page
from forgemind_assets.dashboard.stylesheet import STYLESHEET
from forgemind_assets.errors import (
    ForgeMindError,
    ReviewError,
    StoreError,
    UserError,
)
from forgemind_assets.foundry.browsing import FILTERS, RowQuery
from forgemind_assets.warden.reviews import Review, Verdict, identify
from resources.dashboard_data import Source
from resources.dashboard_datasets import dataset_rows
from resources.dashboard_forms import DashboardSite, FormTokens, form_fields
from resources.dashboard_promotions import Promotions
from resources.dashboard_stop import Stopping
from resources.guard.admission import Rights, Rules
from resources.guard.asgi import RIGHTS_KEY, Guard
from resources.guard.peers import peer_check

ACTIONS = ("approve", "reject", "stable")
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}


class Dashboard:
    """The handlers. `environment` is where the reviewer's name is looked up."""

    def __init__(self, source: Source, environment: Mapping[str, str] = os.environ):
        self.source = source
        self.environment = environment
        self.tokens = FormTokens()
        self.stopping = Stopping(source, self.tokens, environment)
        self.promoting = Promotions(source)

    def routes(self) -> list[Route]:
        """Every address of the dashboard."""
        pages: list[tuple[str, Callable[[Request], Response]]] = [
            ("/", self.goals),
            ("/goals/{goal}", self.goal),
            ("/goals/{goal}/rows/{iteration}", self.rows),
            ("/reviews", self.queue),
            ("/reviews/{review}", self.review),
            ("/alerts", self.alerts),
            (STYLE_PATH, self.style),
        ]
        actions = [
            Route(f"/reviews/{{review}}/{action}", self._action(action), methods=["POST"])
            for action in ACTIONS
        ]
        actions.append(Route("/goals/{goal}/stop", self.stop, methods=["POST"]))
        return [Route(path, handler, methods=["GET"]) for path, handler in pages] + actions

    def goals(self, request: Request) -> Response:
        """The list of goals."""
        return _html(goals_page(self.source.lines(), read_only=_looks_only(request)))

    def goal(self, request: Request) -> Response:
        """One goal. 404 for a name that is none."""
        name = request.path_params["goal"]
        if name not in self.source.goals:
            raise HTTPException(404, f"there is no goal {name!r} here")
        form = None if _looks_only(request) else self.stopping.form(name)
        return _html(goal_page(self.source.goal(name), form))

    def rows(self, request: Request) -> Response:
        """Rows of a dataset. 404 where there is none, 400 for a filter that names nothing."""
        name, iteration = request.path_params["goal"], request.path_params["iteration"]
        if name not in self.source.goals:
            raise HTTPException(404, f"there is no goal {name!r} here")
        asked = {key: value for key, value in request.query_params.items() if value}
        number = asked.get("page", "1")
        if not (number.isascii() and number.isdecimal() and len(number) < 10):
            raise HTTPException(400, f"expected the number of a page, found {number!r}")
        rejected = "rejected" in asked
        # the form sends a reason that was chosen before along with the change to kept rows
        chosen = {key: asked.get(key) for key in FILTERS if rejected or key != "reason"}
        query = RowQuery(rejected=rejected, **chosen)
        try:
            found = dataset_rows(self.source.store, name, iteration, query, int(number))
        except KeyError:
            raise HTTPException(404, f"{name} has no dataset {iteration!r}") from None
        except UserError as error:
            raise HTTPException(400, str(error)) from None
        return _html(rows_page(found, read_only=_looks_only(request)))

    def queue(self, request: Request) -> Response:
        """All reviews, or what is wrong with their records."""
        looking = _looks_only(request)
        try:
            found = self.source.queue()
        except StoreError as error:
            return _html(queue_page([], str(error), read_only=looking), 500)
        return _html(queue_page(found, read_only=looking))

    def alerts(self, request: Request) -> Response:
        """The newest alerts."""
        return _html(alerts_page(self.source.alerts(), read_only=_looks_only(request)))

    def style(self, request: Request) -> Response:
        """The stylesheet."""
        return Response(STYLESHEET, media_type="text/css", headers=HEADERS)

    def review(self, request: Request) -> Response:
        """One review with its forms, for who may act."""
        found = self._find(request)
        form = None if _looks_only(request) else self._form(found.review)
        return _html(review_page(found, form))

    async def stop(self, request: Request) -> Response:
        """Asks the loop of a goal to end. 404 for a name that is none."""
        fields, name = form_fields(await request.body()), request.path_params["goal"]
        if name not in self.source.goals:
            raise HTTPException(404, f"there is no goal {name!r} here")
        if _looks_only(request):  # a second barrier behind the guard
            raise HTTPException(403, "this session is for looking")
        try:
            await run_in_threadpool(self.stopping.ask, name, fields)
        except UserError as error:
            told = notice(f"Refused: {error}", "bad")
            form = self.stopping.form(name, fields.get("reason", ""))
            return _html(goal_page(self.source.goal(name), form, told), 409)
        return RedirectResponse(goal_address(name), 303, headers=HEADERS)

    def _action(self, action: str) -> Callable[[Request], Awaitable[Response]]:
        async def handler(request: Request) -> Response:
            fields = form_fields(await request.body())
            return await run_in_threadpool(self._act, request, action, fields)

        return handler

    def _act(self, request: Request, action: str, fields: Mapping[str, str]) -> Response:
        """Does what a form asks, and leads back to the review; a refusal is shown on it."""
        if _looks_only(request):  # a second barrier behind the guard
            raise HTTPException(403, "this session is for looking")
        found = self._find(request)
        review, reason = found.review, fields.get("reason", "").replace("\r\n", "\n").strip()
        token = self.tokens.make(action, review)
        if not self.tokens.same(fields.get("form_token", ""), token):
            raise HTTPException(
                403,
                "the form is not one of this page, or the review has changed since it was shown; "
                "open the review again",
            )
        try:
            if action == "stable":
                self.promoting.begin(found)
            elif action == "approve":
                self._decide(review, "approve", reason, fields.get("reviewer", ""))
            else:
                self._decide(review, "reject", reason, fields.get("reviewer", ""))
        except ForgeMindError as error:
            told = notice(f"Refused: {error}", "bad")
            return _html(review_page(found, self._form(review, reason), told), 409)
        return RedirectResponse(review_address(review.id), 303, headers=HEADERS)

    def _decide(self, review: Review, verdict: Verdict, reason: str, stated: str) -> None:
        if len(reason) > LONGEST_REASON:
            raise ReviewError(
                f"expected a reason of at most {LONGEST_REASON} letters, found {len(reason)}"
            )
        who = identify(stated.strip() or None, self.environment)
        self.source.reviews.decide(review.id, verdict, who, reason)

    def _find(self, request: Request) -> ReviewPage:
        identity = request.path_params["review"]
        try:
            return self.promoting.shown(self.source.review(identity))
        except KeyError:
            raise HTTPException(404, f"there is no review {identity!r} of these goals") from None

    def _form(self, review: Review, reason: str = "") -> ReviewForm:
        tokens = {action: self.tokens.make(action, review) for action in ACTIONS}
        try:
            name = identify(None, self.environment).name
        except ForgeMindError as error:
            name = str(error)
        return ReviewForm(tokens=tokens, reviewer=name, reason=reason)


def application(
    source: Source, environment: Mapping[str, str] = os.environ, *, resumes: bool = False
) -> Starlette:
    """The dashboard without the guard; `resumes` what an earlier one left under way."""
    handlers: Any = {HTTPException: _refused, ForgeMindError: _failed}
    dashboard = Dashboard(source, environment)
    if resumes:
        dashboard.promoting.resume()
    return Starlette(routes=dashboard.routes(), exception_handlers=handlers)


def guarded(source: Source, rules: Rules, environment: Mapping[str, str] = os.environ) -> Guard:
    """The dashboard behind the guard."""
    inside = application(source, environment, resumes=not rules.read_only)
    return Guard(inside, rules, DashboardSite(), peer_check())


def _refused(request: Request, error: HTTPException) -> Response:
    looking = _looks_only(request)
    return _html(message_page("Refused", error.detail, read_only=looking), error.status_code)


def _failed(request: Request, error: ForgeMindError) -> Response:
    """What could not be read is told, never shown as empty."""
    return _html(message_page("Not shown", str(error), read_only=_looks_only(request)), 500)


def _looks_only(request: Request) -> bool:
    """A request that did not come through the guard has no rights and fails."""
    return request.scope[RIGHTS_KEY] < Rights.ACT


def _html(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, headers=HEADERS)
