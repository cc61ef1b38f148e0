from core import appconfig
from core.lifecycle import Stage


class PortalConfig(appconfig.StageConfig):
    name = "portal"
    stage = Stage.PLATFORM
