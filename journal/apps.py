from core import appconfig
from core.lifecycle import Stage


class JournalConfig(appconfig.StageConfig):
    name = "journal"
    stage = Stage.PLATFORM

    def ready(self) -> None:
        from journal import outbox, webhooks

        outbox.register(webhooks.TOPIC, webhooks.deliver)
