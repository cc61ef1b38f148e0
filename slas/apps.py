from core import appconfig
from core.lifecycle import Stage


class SlasConfig(appconfig.StageConfig):
    name = "slas"
    stage = Stage.DESIGN
