from core import appconfig
from core.lifecycle import Stage


class CoreConfig(appconfig.StageConfig):
    name = "core"
    stage = Stage.PLATFORM
