from core import appconfig
from core.lifecycle import Stage


class IncidentsConfig(appconfig.StageConfig):
    name = "incidents"
    stage = Stage.OPERATION

    def ready(self) -> None:
        from incidents import kind
        from work import kinds

        kinds.register(kind.KIND)
