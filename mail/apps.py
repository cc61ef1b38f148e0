from core import appconfig
from core.lifecycle import Stage


class MailConfig(appconfig.StageConfig):
    name = "mail"
    stage = Stage.PLATFORM

    def ready(self) -> None:
        from journal import outbox
        from mail import services
        from tickets.notices import TOPIC

        outbox.register(TOPIC, services.send_notice)
