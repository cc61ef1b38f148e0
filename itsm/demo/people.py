"""Who works and who asks: three organisations, four teams, and one login for every role."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from accounts.models import Membership, Organisation, Role, Team, User

PROVIDER = "Harbourline IT"
TIDEWELL, HUAZHANG = "Tidewell Foods", "华章物流"
ORGANISATIONS = {
    PROVIDER: (Organisation.Kind.INTERNAL, "harbourline.example", "Europe/Lisbon"),
    TIDEWELL: (Organisation.Kind.CUSTOMER, "tidewell.example", "Europe/Lisbon"),
    HUAZHANG: (Organisation.Kind.CUSTOMER, "huazhang.example", "Asia/Shanghai"),
}
CHINESE = {"林晓", "陈宇", "周婷"}
"""The agents who answer in Chinese; every team has one of them."""

DESK, NETWORK, WORKPLACE, BUSINESS = "Service Desk", "Network & Access", "Workplace & Devices", "Business Applications"
TEAMS = {  # the lead first
    DESK: ["Priya Nair", "Alex Duarte", "Mia Sorensen", "林晓", "周婷"],
    NETWORK: ["Viktor Hale", "Noor Haddad", "Tiago Rocha", "陈宇"],
    WORKPLACE: ["Sofia Marques", "Daniel Okafor", "Ines Teixeira", "林晓", "陈宇"],
    BUSINESS: ["Ruth Kessler", "Pavel Novak", "Yara Mendes", "周婷"],
}
MANAGER, AUDITOR, ADMIN = "Helena Costa", "Tomas Berg", "Ada Ferreira"
CLARA, OSCAR, WANG = "Clara Whitmore", "Oscar Brandt", "王敏"
REQUESTERS = {
    TIDEWELL: [
        CLARA, OSCAR, "Martin Reyes", "Joana Esteves", "Henrik Falk", "Lucia Prado", "Samuel Adeyemi", "Carla Nunes",
        "Rui Batista", "Eva Lindgren", "Nuno Pires", "Marta Veloso", "Jonas Keller", "Beatriz Gama", "Leo Fontaine",
    ],
    HUAZHANG: [WANG, "刘建国", "赵丽华", "孙伟", "马晓东", "胡静", "郭强", "何雪", "高峰"],
}  # fmt: skip
LOGINS = {  # what is printed, in this order
    "customer": CLARA,
    "customer (中文)": WANG,
    "organisation manager": OSCAR,
    "agent": "Alex Duarte",
    "team lead": "Priya Nair",
    "manager": MANAGER,
    "auditor": AUDITOR,
    "admin": ADMIN,
}
LATIN = {
    "林晓": "lin.xiao", "陈宇": "chen.yu", "周婷": "zhou.ting", WANG: "wang.min", "刘建国": "liu.jianguo",
    "赵丽华": "zhao.lihua", "孙伟": "sun.wei", "马晓东": "ma.xiaodong", "胡静": "hu.jing", "郭强": "guo.qiang",
    "何雪": "he.xue", "高峰": "gao.feng",
}  # fmt: skip


@dataclass(frozen=True)
class People:
    """Everybody, by name."""

    organisations: dict[str, Organisation]
    users: dict[str, User]
    teams: dict[str, Team]

    def requesters(self, organisation: str) -> list[User]:
        return [self.users[name] for name in REQUESTERS[organisation]]

    def agents(self, team: str, language: str) -> list[User]:
        """Who of the team answers in this language."""
        return [self.users[name] for name in TEAMS[team] if (name in CHINESE) == (language == "zh-hans")]


def make_people() -> People:
    """Make them, none with a password yet; who is there already stays."""
    organisations = {
        name: Organisation.objects.get_or_create(name=name, defaults={"kind": kind, "time_zone": zone})[0]
        for name, (kind, _domain, zone) in ORGANISATIONS.items()
    }
    roles = {role.key: role for role in Role.objects.all()}
    users = {}
    for name, organisation, role in _cast():
        users[name] = _person(name, organisations[organisation])
        users[name].roles.set([roles[role]])
    for user in users.values():
        if user.organisation == organisations[PROVIDER] and user.name != MANAGER:
            user.reports_to = users[MANAGER]
            user.save(update_fields=["reports_to"])
    teams = {name: _team(name, members, organisations[PROVIDER], users) for name, members in TEAMS.items()}
    return People(organisations, users, teams)


def address(name: str) -> str:
    """clara.whitmore@tidewell.example"""
    organisation = next((customer for customer, names in REQUESTERS.items() if name in names), PROVIDER)
    local = LATIN.get(name) or name.lower().replace(" ", ".")
    return f"{local}@{ORGANISATIONS[organisation][1]}"


def set_password(password: str) -> None:
    """The demo's one password, for those in LOGINS and nobody else."""
    addresses = [address(name) for name in LOGINS.values()]
    User.objects.filter(email__in=addresses).update(password=make_password(password))


def _cast() -> list[tuple[str, str, str]]:
    """(name, organisation, role) of everybody, each once."""
    leads = {members[0] for members in TEAMS.values()}
    staff = dict.fromkeys(name for members in TEAMS.values() for name in members)
    cast = [(name, PROVIDER, "team_lead" if name in leads else "agent") for name in staff]
    cast += [(MANAGER, PROVIDER, "manager"), (AUDITOR, PROVIDER, "auditor"), (ADMIN, PROVIDER, "admin")]
    cast += [
        (name, organisation, "organisation_manager" if name == OSCAR else "requester")
        for organisation, names in REQUESTERS.items()
        for name in names
    ]
    return cast


def _person(name: str, organisation: Organisation) -> User:
    is_chinese = name in LATIN
    known = User.objects.filter(email=address(name)).first()
    return known or User.objects.create_user(
        address(name),
        name=name,
        organisation=organisation,
        time_zone="Asia/Shanghai" if is_chinese else organisation.time_zone,
        language="zh-hans" if is_chinese else "en",
    )


def _team(name: str, members: list[str], organisation: Organisation, users: dict[str, User]) -> Team:
    team, _created = Team.objects.get_or_create(
        name=name, defaults={"organisation": organisation, "lead": users[members[0]], "manager": users[MANAGER]}
    )
    Membership.objects.bulk_create(
        [Membership(team=team, user=users[member]) for member in members], ignore_conflicts=True
    )
    return team
