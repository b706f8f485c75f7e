"""Alerts as mail."""

import smtplib
import ssl
from contextlib import suppress

from forgemind_assets.errors import DeliveryFailed
from forgemind_assets.warden.alert_settings import EmailSettings
from forgemind_assets.warden.alert_texts import email_message
from forgemind_assets.warden.alerts import Alert
from resources.notifiers.base import variable


class Email:
    """Sends an alert to one recipient through one mail server."""

    def __init__(self, settings: EmailSettings, recipient: str):
        self._settings = settings
        self._recipient = recipient

    def send(self, alert: Alert, attempt: int) -> None:
        """Sends it with the event's Message-ID; accepted means that the server answered DATA."""
        message = email_message(alert, self._settings.sender, self._recipient)
        message["X-ForgeMind-Attempt"] = str(attempt)
        server = None
        try:
            server = self._connect()
            self._secure(server)
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise DeliveryFailed(f"the server refused the recipient: code {code}") from None
        except smtplib.SMTPResponseException as error:
            # Not its text: a server may repeat what it was sent, the password too.
            raise DeliveryFailed(
                f"the server refused: code {error.smtp_code} ({type(error).__name__})"
            ) from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise DeliveryFailed(f"no mail sent: {type(error).__name__}") from None
        finally:
            if server is not None:
                # The mail is accepted or not by now; a broken farewell changes neither.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
                server.close()

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.tls == "implicit":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=settings.timeout_seconds, context=context
            )
        return smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_seconds)

    def _secure(self, server: smtplib.SMTP) -> None:
        """STARTTLS where offered, then the login where one is configured."""
        settings = self._settings
        encrypted = settings.tls == "implicit"
        server.ehlo_or_helo_if_needed()
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            encrypted = True
        if settings.tls == "required" and not encrypted:
            raise DeliveryFailed("the server offers no STARTTLS, which the settings require")
        if settings.user_env and settings.password_env:
            if not encrypted:
                raise DeliveryFailed("the server offers no STARTTLS: the password was not sent")
            server.login(variable(settings.user_env), variable(settings.password_env))
