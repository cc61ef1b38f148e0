from core import appconfig
from core.lifecycle import Stage


class CatalogConfig(appconfig.StageConfig):
    name = "catalog"
    stage = Stage.DESIGN
