"""The base of every app's AppConfig. Import the module, not the class: two AppConfig classes in one
`apps.py` make Django fall back to a plain AppConfig without a word (STYLE.md, trap 1)."""

from django.apps import AppConfig

from core.lifecycle import Stage


class StageConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    stage: Stage
