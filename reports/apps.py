from core import appconfig
from core.lifecycle import Stage


class ReportsConfig(appconfig.StageConfig):
    name = "reports"
    stage = Stage.IMPROVEMENT
