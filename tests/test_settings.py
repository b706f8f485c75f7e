"""The installation's settings: what they may say, and how a mistake is shown."""

import pytest

from forgemind_assets.errors import SettingsError
from forgemind_assets.settings import Settings, load_settings
from forgemind_assets.warden.alert_settings import channels, secret_variables

GOOD = """
alerts:
  ui_url: https://forge.example.com
  webhooks:
    - {name: team, url_env: TEAM_HOOK, at_least: warning}
  emails:
    - name: mail
      host: smtp.example.com
      sender: forge@example.com
      to: [a@example.com, b@example.com]
      user_env: MAIL_USER
      password_env: MAIL_PASSWORD
"""


def load(tmp_path, text):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    return load_settings(path)


def test_without_a_file_alerts_go_to_inbox_and_log(tmp_path):
    settings = load_settings(tmp_path / "none.yaml")
    assert settings == Settings()
    assert [one.name for one in channels(settings.alerts)] == ["inbox", "log"]


def test_each_recipient_is_a_channel_of_its_own(tmp_path):
    alerts = load(tmp_path, GOOD).alerts
    names = [one.name for one in channels(alerts)]
    assert names == ["inbox", "log", "team", "mail/a@example.com", "mail/b@example.com"]
    assert secret_variables(alerts) == {"TEAM_HOOK", "MAIL_PASSWORD"}


def test_every_mistake_is_shown_at_once_with_its_line_and_no_value(tmp_path):
    hook = "https://hooks.example.com/services/T0/B0/abcdef"
    text = f"alerts:\n  webhooks:\n    - {{name: team, url_env: '{hook}'}}\n"
    text += "  emails:\n    - {name: log, host: h, sender: forge, to: []}\n  colour: red\n"
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    shown = str(caught.value)
    assert "hooks.example.com" not in shown
    assert (
        "settings.yaml:3: alerts.webhooks[0].url_env: expected the name of an environment" in shown
    )
    assert "settings.yaml:5: alerts.emails[0].sender: " in shown
    assert "mail address such as" in shown
    assert "unknown key 'colour'" in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("name: mail", "name: team"), "names that differ"),
        (GOOD.replace("name: mail", "name: inbox"), "names that differ"),
        (GOOD.replace("      user_env: MAIL_USER\n", ""), "both user_env and password_env"),
        (GOOD.replace("smtp.example.com", "xoxb-123456789012-abcdef"), "no secret in the settings"),
        ("- a list", "expected"),
    ],
)
def test_a_contradiction_or_a_secret_is_refused(tmp_path, text, message):
    with pytest.raises(SettingsError, match=message) as caught:
        load(tmp_path, text)
    assert "xoxb" not in str(caught.value)
