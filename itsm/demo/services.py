"""The twelve services, who supports them and who uses them."""

from dataclasses import dataclass

from catalog.models import Service
from itsm.demo.people import BUSINESS, DESK, HUAZHANG, NETWORK, TIDEWELL, WORKPLACE, People


@dataclass(frozen=True)
class Outline:
    """`share` is how much of the work it makes, `quality` the part of its promises that the demo keeps."""

    key: str
    name: str
    description: str
    icon: str
    team: str
    customers: tuple[str, ...]
    share: float
    quality: float


BOTH = (TIDEWELL, HUAZHANG)
OUTLINES = {
    outline.key: outline
    for outline in (
        Outline("email", "E-mail & calendar", "Mailboxes, shared mailboxes, calendars and the mail gateway", "mail", DESK, BOTH, 1.4, 0.95),
        Outline("vpn", "VPN & remote access", "Working from home and on the road", "shield-lock", NETWORK, BOTH, 1.2, 0.92),
        Outline("wifi", "Wi-Fi & office network", "Wireless, sockets and guest access in all buildings", "wifi", NETWORK, BOTH, 0.9, 0.94),
        Outline("laptop", "Laptops & desktops", "Computers, docks and screens", "device-laptop", WORKPLACE, BOTH, 1.3, 0.93),
        Outline("phone", "Mobile phones", "Company phones and their contracts", "device-mobile", WORKPLACE, (TIDEWELL,), 0.5, 0.96),
        Outline("print", "Printing & scanning", "Office printers, label printers and scanning to mail", "printer", WORKPLACE, BOTH, 0.9, 0.9),
        Outline("accounts", "Accounts & sign-in", "New accounts, passwords and second factors", "key", DESK, BOTH, 1.3, 0.98),
        Outline("files", "Shared files & backup", "Team folders, rights and restoring what was lost", "database", NETWORK, (TIDEWELL,), 0.6, 0.97),
        Outline("erp", "Orders & invoicing", "The ERP: orders, invoices and credit notes", "coins", BUSINESS, (TIDEWELL,), 1.1, 0.91),
        Outline("bi", "Reports & dashboards", "Sales, margin and stock figures", "chart-bar", BUSINESS, (TIDEWELL,), 0.5, 0.93),
        Outline("tms", "运输管理系统 · Transport", "运单、调度、司机端和对账 (orders, dispatch, drivers, billing)", "route", BUSINESS, (HUAZHANG,), 1.4, 0.92),
        Outline("scanner", "仓储终端 · Warehouse terminals", "扫码枪和手持终端 (scanners and handheld terminals)", "qrcode", WORKPLACE, (HUAZHANG,), 1.1, 0.94),
    )
}  # fmt: skip


def make_services(people: People) -> dict[str, Service]:
    """The services by key; those that are there already stay."""
    services = {}
    for outline in OUTLINES.values():
        team = people.teams[outline.team]
        services[outline.key], _created = Service.objects.get_or_create(
            key=outline.key,
            defaults={
                "name": outline.name, "description": outline.description, "icon": outline.icon,
                "owner": team.lead, "support_team": team,
            },
        )  # fmt: skip
        services[outline.key].customers.set(people.organisations[name] for name in outline.customers)
    return services
