from core import appconfig
from core.lifecycle import Stage


class DeskConfig(appconfig.StageConfig):
    name = "desk"
    stage = Stage.PLATFORM

    def ready(self) -> None:
        from desk import conditions
        from work.selectors import lists

        lists.register(conditions.FIGURES)
