from core import appconfig
from core.lifecycle import Stage


class SlasConfig(appconfig.StageConfig):
    name = "slas"
    stage = Stage.DESIGN

    def ready(self) -> None:
        from journal import jobs
        from slas import rollout
        from slas.jobs import faces
        from slas.rollout.face import tell

        jobs.register(rollout.KIND, rollout.take_step)
        faces.register(rollout.KIND, tell)
