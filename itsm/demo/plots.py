"""What lies open today: some forty-five incidents in every state, some about to break a promise, some beyond it."""

from dataclasses import dataclass
from datetime import timedelta

from itsm.demo.people import CLARA, WANG
from itsm.demo.promises import HOUR, MINUTE
from slas.models import Metric

ALEX = "Alex Duarte"


@dataclass(frozen=True)
class Plot:
    """One incident: which scene it plays (service and category), its levels, and the deeds done so far (today.py knows
    each by name).

    How old it is follows from a promise: `due_in` puts the deadline of `metric` so far from now, for P1 and P2, whose clocks
    never sleep; else `used` is the part of the resolution's time that is gone.
    """

    service: str
    category: str
    impact: int
    urgency: int
    deeds: str = ""
    used: float = 0.0
    due_in: timedelta | None = None
    metric: Metric = Metric.RESOLUTION
    requester: str = ""
    agent: str = ""


FIRST = Metric.FIRST_RESPONSE
PLOTS = [
    # within minutes: the worker finds them
    Plot("print", "Queue", 2, 1, due_in=3 * MINUTE, metric=FIRST),
    Plot("erp", "Speed", 1, 1, "take answer note", due_in=6 * MINUTE),
    Plot("erp", "Invoicing", 2, 1, "take answer note", due_in=9 * MINUTE),
    Plot("tms", "调度", 2, 1, "take", due_in=12 * MINUTE, metric=FIRST),
    Plot("wifi", "Guests", 2, 1, due_in=19 * MINUTE, metric=FIRST),
    Plot("scanner", "无线", 2, 1, "take answer note", due_in=22 * MINUTE),
    Plot("email", "Sending", 1, 1, "take answer note", due_in=45 * MINUTE, agent=ALEX),
    Plot("tms", "定位", 2, 1, "take answer note", due_in=95 * MINUTE),
    Plot("files", "Restore", 2, 1, "take answer ask", due_in=5 * HOUR),
    # beyond their time
    Plot("accounts", "Second factor", 2, 1, due_in=-4 * MINUTE, metric=FIRST),
    Plot("print", "Labels", 2, 1, "take answer note", due_in=-40 * MINUTE),
    Plot("files", "Rights", 2, 2, "take answer supplier", used=1.08),
    Plot("laptop", "黑屏", 3, 2, "take answer note", used=1.15),
    # new
    Plot("accounts", "Locked", 3, 1, used=0.02),
    Plot("phone", "Mail", 3, 2, used=0.03, requester=CLARA),
    Plot("laptop", "Display", 3, 3, used=0.02),
    Plot("accounts", "New colleague", 3, 2, used=0.05),
    Plot("bi", "Data", 2, 2, used=0.1),
    Plot("files", "Restore", 3, 1, "take", used=0.05),
    Plot("scanner", "扫码", 3, 2, used=0.03, requester=WANG),
    # in progress
    Plot("laptop", "Docking", 3, 2, "take answer", used=0.2),
    Plot("email", "Mailbox", 3, 2, "take answer", used=0.35, agent=ALEX),
    Plot("vpn", "Connection", 2, 2, "take answer note", used=0.6, requester=CLARA),
    Plot("accounts", "Second factor", 3, 1, "take answer ask respond", used=0.12, agent=ALEX),
    Plot("erp", "Tax", 2, 2, "take answer ask respond", used=0.4),
    Plot("email", "Calendar", 3, 3, "take answer", used=0.15, agent=ALEX),
    Plot("print", "Scanning", 3, 3, "take answer", used=0.1),
    Plot("phone", "Damage", 3, 1, "take answer", used=0.3),
    Plot("erp", "Orders", 3, 1, "take answer note", used=0.55),
    Plot("tms", "对账", 3, 2, "take answer", used=0.6),
    Plot("email", "收信", 3, 2, "take answer note", used=0.1, requester=WANG),
    # on hold
    Plot("vpn", "Access", 3, 2, "take answer ask", used=0.5, requester=CLARA),
    Plot("vpn", "Sign-in", 3, 1, "take answer ask", used=0.15),
    Plot("wifi", "Socket", 3, 2, "take answer ask", used=0.25),
    Plot("tms", "线路", 3, 2, "take answer ask", used=0.2, requester=WANG),
    Plot("wifi", "Speed", 2, 2, "take answer supplier", used=0.78),
    Plot("email", "Filter", 2, 3, "take answer supplier", used=0.45, agent=ALEX),
    Plot("scanner", "死机", 2, 2, "take answer supplier", used=0.5),
    Plot("laptop", "Battery", 3, 3, "take answer schedule", used=0.3),
    Plot("bi", "Export", 3, 3, "take answer await_problem", used=0.2),
    Plot("wifi", "信号", 2, 3, "take answer await_change", used=0.3),
    # resolved, for the customer to confirm; and one that came back
    Plot("laptop", "Performance", 3, 3, "take answer resolve", used=0.2, requester=CLARA),
    Plot("vpn", "连接", 3, 1, "take answer resolve", used=0.3, requester=WANG),
    Plot("email", "Mailbox", 3, 2, "take answer ask respond resolve", used=0.15, agent=ALEX),
    Plot("accounts", "Second factor", 3, 1, "take answer resolve", used=0.2),
    Plot("print", "面单", 3, 2, "take answer resolve reopen", used=0.3),
]  # fmt: skip
