from core import appconfig
from core.lifecycle import Stage


class SlasConfig(appconfig.StageConfig):
    name = "slas"
    stage = Stage.DESIGN

    def ready(self) -> None:
        from journal import jobs
        from slas import replay, rollout
        from slas.forecast import services as forecast
        from slas.forecast.face import tell as tell_forecast
        from slas.jobs import faces
        from slas.replay.face import tell as tell_replay
        from slas.rollout.face import tell

        jobs.register(replay.KIND, replay.take_step)
        jobs.register(rollout.KIND, rollout.take_step)
        faces.register(rollout.KIND, tell)
        faces.register(replay.KIND, tell_replay)
        jobs.register(forecast.KIND, forecast.take_step)
        faces.register(forecast.KIND, tell_forecast)
