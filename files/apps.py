from core import appconfig
from core.lifecycle import Stage


class FilesConfig(appconfig.StageConfig):
    name = "files"
    stage = Stage.PLATFORM
