from core import appconfig
from core.lifecycle import Stage


class AccountsConfig(appconfig.StageConfig):
    name = "accounts"
    stage = Stage.PLATFORM

    def ready(self) -> None:
        from accounts.invitations import send_invitation
        from accounts.services import INVITATION
        from journal import outbox

        outbox.register(INVITATION, send_invitation)
