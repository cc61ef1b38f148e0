from core import appconfig
from core.lifecycle import Stage


class TicketsConfig(appconfig.StageConfig):
    name = "tickets"
    stage = Stage.OPERATION

    def ready(self) -> None:
        from files import gate
        from tickets import policies

        gate.register("entry", policies.can_read_entry)
        gate.register("note", policies.can_read_note)
