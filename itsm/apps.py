from core import appconfig
from core.lifecycle import Stage
from itsm.celery import app as celery_app  # noqa: F401  every Django process has the app, `import itsm` alone stays light


class ItsmConfig(appconfig.StageConfig):
    name = "itsm"
    stage = Stage.PLATFORM
