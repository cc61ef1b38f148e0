"""manage.py calibrate_forecast: how good is the breach forecast on this desk's own history?"""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from slas.forecast.calibration import Score
from slas.forecast.services import calibrate_forecast


class Command(BaseCommand):
    help = (
        "Learns from the earlier 70 % of the clocks, asks about the later ones and writes down the Brier score, beside "
        "those of always saying the base rate. The page of the forecast shows it."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        report = calibrate_forecast(now=timezone.now())
        if not report.score().n:
            self.stdout.write("Too little history for a forecast.")
            return
        self.stdout.write(
            f"{'metric':16}{'learnt':>8}{'used':>6}{'asked':>8}{'Brier':>8}{'base':>8}{'skill':>7}{'base here':>11}{'skill':>7}"
        )
        for metric, by_share in report.scores.items():
            for share in (*map(float, by_share), None):
                self._line(metric, report.learnt[metric], share, report.score(metric, share))
        self._line("all", sum(report.learnt.values()), None, report.score())
        self.stdout.write("Foretold, met, asked:")
        for n, chances, n_met in report.bins:
            if n:
                self.stdout.write(f"{chances / n:8.3f}{n_met / n:8.3f}{n:8}")

    def _line(self, metric: str, n_learnt: int, share: float | None, score: Score) -> None:
        used = "all" if share is None else f"{share:.0%}"
        self.stdout.write(
            f"{metric:16}{n_learnt:8}{used:>6}{score.n:8}{score.brier:8.4f}{score.brier_of_base:8.4f}{score.skill:7.3f}"
            f"{score.brier_of_base_here:11.4f}{score.skill_here:7.3f}"
        )
