"""What `manage.py check --deploy` warns of beyond Django's own list. Reads settings only: it runs without a database."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register(deploy=True)
def one_role_for_everything(**kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """The application's own role must not own the tables: then it could change the past."""
    app, owner = (settings.DATABASES[alias].get("USER") for alias in ("default", "owner"))
    if app != owner:
        return []
    return [
        Warning(
            "One database role does everything: events and clocks are append-only by good will alone.",
            hint="Give DATABASE_URL a role of its own and DATABASE_OWNER_URL the owner's (docs/operations.md).",
            id="portico.W001",
        )
    ]


@register(deploy=True)
def letters_become_files(**kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    if settings.EMAIL_HOST:
        return []
    return [Warning("No mail is sent: letters become files.", hint="Set SMTP_HOST.", id="portico.W002")]


@register(deploy=True)
def demo_data_in_production(**kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    if not settings.DEMO:
        return []
    return [Error("Demo people with known passwords would be made.", hint="Unset PORTICO_DEMO.", id="portico.E001")]
