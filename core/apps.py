from core import appconfig
from core.lifecycle import Stage


class CoreConfig(appconfig.StageConfig):
    name = "core"
    stage = Stage.PLATFORM

    def ready(self) -> None:
        from core import checks  # noqa: F401 (registers them)
