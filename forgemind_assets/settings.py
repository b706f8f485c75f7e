"""The installation's settings: one YAML file in the home folder, which need not be there.

alerts:
  ui_url: https://forgemind.example.com
  webhooks:
    - {name: team, url_env: FORGEMIND_WEBHOOK_URL, at_least: warning}
  emails:
    - {name: mail, host: smtp.example.com, sender: forge@example.com, to: [ops@example.com]}
trials_at_once: 2
"""

from pathlib import Path
from typing import Any

from pydantic import Field

from forgemind_assets.errors import SettingsError
from forgemind_assets.goal_schema import validate
from forgemind_assets.goal_yaml import Document, Place, looks_secret, read_yaml
from forgemind_assets.records import Record
from forgemind_assets.warden.alert_settings import AlertSettings


class Settings(Record):
    """What holds for all goals of one home folder."""

    alerts: AlertSettings = AlertSettings()
    trials_at_once: int | None = Field(
        default=None, ge=1, le=256, description="None: as many as the machine has room for"
    )


def load_settings(path: Path) -> Settings:
    """Reads the file; without one, the defaults hold.

    Raises:
        SettingsError: with every problem, by line. No value of the file is repeated in it.
    """
    if not path.exists():
        return Settings()
    document = read_yaml(path, str(path))
    document.quiet = True  # a pasted address or password must not reach a message
    settings = None
    if document.lines:
        _refuse_secrets(document, document.value, ())
        settings = validate(Settings, document)
    if document.problems or settings is None:
        raise SettingsError(sorted(document.problems, key=lambda p: p.line or 0))
    return settings


def _refuse_secrets(document: Document, value: Any, place: Place) -> None:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _refuse_secrets(document, inner, (*place, step))
    elif isinstance(value, str) and looks_secret(value):
        document.problem(
            place,
            "expected no secret in the settings, found what looks like one (not shown); put it "
            "into an environment variable, name that here, and replace the secret",
        )
