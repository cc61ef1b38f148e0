from core import appconfig
from core.lifecycle import Stage


class ApiConfig(appconfig.StageConfig):
    name = "api"
    stage = Stage.PLATFORM
