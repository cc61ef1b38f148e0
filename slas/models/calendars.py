"""Business calendars: hours, special days, and the versions they have had."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User, validate_time_zone
from slas import clock


def validate_interval(value: str) -> None:
    """ "HH:MM-HH:MM", the end may be 24:00 or lie before the start (past midnight)."""
    opens, _dash, closes = value.partition("-")
    try:
        clock.Calendar(timezone="UTC", hours={0: [(opens, closes)]})
    except ValueError:
        raise ValidationError(_("%(value)s is not an interval like 09:00-17:00."), params={"value": value}) from None


class BusinessCalendar(models.Model):
    """Working hours in one time zone. `version` rises with every edit of its hours or special days, so that what was
    computed with an older version can be told."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=60, validators=[validate_time_zone])
    country = models.CharField(_("holidays of"), max_length=10, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class CalendarVersion(models.Model):
    """What a calendar said before or since an edit: clocks that began under it stay under it until they are moved.

    `content` is {"timezone": zone, "hours": {weekday: [[opens, closes]]}, "holidays": {date: name}, "exceptions": {date:
    {"name": name, "hours": [[opens, closes]]}}, "sources": {date: where it came from}}. A calendar that was never edited has
    none: its rows say it.
    """

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calendar", "number"], name="slas_one_calendar_version_each")]

    def __str__(self) -> str:
        return f"{self.calendar_id} v{self.number}"


class OpeningHours(models.Model):
    """One working interval of one weekday (0 = Monday)."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField()
    interval = models.CharField(max_length=11, validators=[validate_interval])

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="slas_weekday_of_a_week"),
            models.UniqueConstraint(fields=["calendar", "weekday", "interval"], name="slas_one_interval_once"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.interval}"


class SpecialDay(models.Model):
    """A day that differs: no `intervals` = closed (a holiday, by name); otherwise they replace the day's hours
    (a make-up working Saturday). `source` says where it came from."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="special_days")
    date = models.DateField()
    name = models.CharField(max_length=120)
    intervals = ArrayField(models.CharField(max_length=11, validators=[validate_interval]), default=list, blank=True)
    source = models.CharField(max_length=60, default="typed", db_default="typed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="slas_one_special_day_per_date")]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"
