from core import appconfig
from core.lifecycle import Stage


class DeskConfig(appconfig.StageConfig):
    name = "desk"
    stage = Stage.PLATFORM
