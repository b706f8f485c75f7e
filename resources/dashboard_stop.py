"""The dashboard's form that asks a goal's loop to end: the same wish as `forgemind stop`."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from forgemind_assets.dashboard.records import StopForm
from forgemind_assets.errors import ForgeMindError, UserError
from forgemind_assets.warden.reviews import identify
from resources.dashboard_data import Source
from resources.dashboard_forms import FormTokens
from resources.stop_wishes import LONGEST_REASON


@dataclass(frozen=True)
class Stopping:
    """Makes the form of a goal's page, and does what it asks."""

    source: Source
    tokens: FormTokens
    environment: Mapping[str, str]

    def form(self, goal: str, reason: str = "") -> StopForm:
        """The form as things stand; its token is spent by the next word on the goal."""
        try:
            name = identify(None, self.environment).name
        except ForgeMindError as error:
            name = str(error)
        return StopForm(self._token(goal), name, reason)

    def ask(self, goal: str, fields: Mapping[str, str]) -> None:
        """Records the wish.

        Raises:
            HTTPException: 403 where the form is not of this page.
            UserError: no reason, one that is too long, or a name that is none.
        """
        if not self.tokens.same(fields.get("form_token", ""), self._token(goal)):
            raise HTTPException(
                403,
                "the form is not one of this page, or somebody has asked meanwhile; open the "
                "goal's page again",
            )
        reason = fields.get("reason", "").strip()
        if not 0 < len(reason) <= LONGEST_REASON:
            raise UserError(
                f"expected a reason of 1 to {LONGEST_REASON} letters, found {len(reason)}"
            )
        who = identify(fields.get("reviewer", "").strip() or None, self.environment)
        self.source.wishes.ask(goal, who, reason)

    def _token(self, goal: str) -> str:
        newest = self.source.wishes.newest(goal)
        return self.tokens.make_stop(goal, newest.number if newest else 0)
