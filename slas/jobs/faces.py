"""What a job is called and what came of it, in words, by its kind: the page of a job (slas:job) knows nothing else of it."""

from collections.abc import Callable
from dataclasses import dataclass

from journal.models import Job


@dataclass(frozen=True)
class JobFace:
    """`title` names the work, `unit` what its progress counts ("tickets"), `summary` what is known so far, and `url` with
    `url_label` lead to where its result is seen ("" = nowhere else)."""

    title: str
    unit: str = ""
    summary: str = ""
    url: str = ""
    url_label: str = ""


Telling = Callable[[Job], JobFace]

_tellings: dict[str, Telling] = {}


def register(kind: str, telling: Telling) -> None:
    """Called by SlasConfig.ready() for each kind of job of this app."""
    _tellings[kind] = telling


def face_of(job: Job) -> JobFace:
    telling = _tellings.get(job.kind)
    return telling(job) if telling else JobFace(title=job.kind)
