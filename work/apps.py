from core import appconfig
from core.lifecycle import Stage


class WorkConfig(appconfig.StageConfig):
    name = "work"
    stage = Stage.OPERATION

    def ready(self) -> None:
        from journal import outbox
        from slas import turns
        from slas.sweep import TOPIC
        from work import digest, escalation, services

        outbox.register(TOPIC, escalation.carry_out)
        outbox.register(digest.TOPIC, digest.write_letters)
        turns.register(services.TURNS)
