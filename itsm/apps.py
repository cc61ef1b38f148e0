from core import appconfig
from core.lifecycle import Stage


class ItsmConfig(appconfig.StageConfig):
    name = "itsm"
    stage = Stage.PLATFORM
