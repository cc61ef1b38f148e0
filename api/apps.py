from core import appconfig
from core.lifecycle import Stage


class ApiConfig(appconfig.StageConfig):
    name = "api"
    stage = Stage.PLATFORM

    def ready(self) -> None:
        from api import schema  # noqa: F401  registers how drf-spectacular describes our ways to sign in
