"""Who may read a file: the app that owns its subject registered the answer."""

from collections.abc import Callable

from accounts.models import User
from files.models import StoredFile

CanRead = Callable[[User, int], bool]
"""Takes the reader and the subject's id."""

_gates: dict[str, CanRead] = {}


def register(subject_kind: str, can_read: CanRead) -> None:
    """Called by the owning app's AppConfig.ready()."""
    _gates[subject_kind] = can_read


def can_read(user: User, file: StoredFile) -> bool:
    """Deny by default: a file whose subject nobody answers for is nobody's."""
    gate = _gates.get(file.subject_kind)
    return gate is not None and gate(user, file.subject_id)
