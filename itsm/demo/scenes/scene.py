"""The shape of a scene, and the words that fit every scene of a language."""

from dataclasses import dataclass

from incidents.models import ResolutionCode


@dataclass(frozen=True)
class Scene:
    """`subject` and `body` are the requester's; `answer`, `question` and `resolution` the agent's; `reply` answers the
    question; `note` is internal. Texts may name {place}, {device}, {number}, {name} (the requester) and {agent}, by
    first names; {device} only where PHRASES knows devices of the service. `impact` and `urgency` 1 to 3 as the matrix takes them."""

    service: str
    category: str
    subject: str
    body: str
    answer: str
    question: str
    reply: str
    note: str
    code: ResolutionCode
    resolution: str
    impact: int = 3
    urgency: int = 2


@dataclass(frozen=True)
class Phrases:
    """`thanks` when it is confirmed, `again` when it is not solved, `late` for why a promise was broken (internal),
    `supplier` when somebody else must act, `withdrawn` for why it was cancelled, `chasing` when nobody has answered. `places` and `devices` (by service):
    what scenes name."""

    thanks: tuple[str, ...]
    again: tuple[str, ...]
    late: tuple[str, ...]
    supplier: tuple[str, ...]
    withdrawn: tuple[str, ...]
    chasing: tuple[str, ...]
    places: tuple[str, ...]
    devices: dict[str, tuple[str, ...]]
