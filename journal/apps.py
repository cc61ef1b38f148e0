from core import appconfig
from core.lifecycle import Stage


class JournalConfig(appconfig.StageConfig):
    name = "journal"
    stage = Stage.PLATFORM
