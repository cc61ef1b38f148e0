from core import appconfig
from core.lifecycle import Stage


class AccountsConfig(appconfig.StageConfig):
    name = "accounts"
    stage = Stage.PLATFORM
