from core import appconfig
from core.lifecycle import Stage


class IncidentsConfig(appconfig.StageConfig):
    name = "incidents"
    stage = Stage.OPERATION

    def ready(self) -> None:
        from incidents import history, kind, wording
        from slas import turns
        from work import kinds
        from work import wording as work_wording

        kinds.register(kind.KIND)
        turns.register(history.TURNS)
        work_wording.register(wording.TELLINGS)
