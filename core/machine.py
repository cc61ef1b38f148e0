"""State machines as tables: the process of a practice is read top to bottom in its `states.py`.

Pure Python; no Django. A practice declares one `MACHINE`; services ask it for the next state and never compare states
themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


class IllegalMove(Exception):
    """The verb is not possible from this state. Carries what would be, so that the page can say it."""

    def __init__(self, verb: str, state: StrEnum, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{verb} is not possible from {state.value}; possible: {', '.join(allowed) or 'nothing'}")
        self.verb = verb
        self.state = state
        self.allowed = allowed


@dataclass(frozen=True)
class Move(Generic[S]):
    """One verb: the states it may start from, and the state it leads to.

    `clause` names the ISO/IEC 20000-1 clause that the guard serves; shown beside the verb.
    """

    sources: frozenset[S]
    target: S
    clause: str = ""


@dataclass(frozen=True)
class Machine(Generic[S]):
    """`initial` state and `moves` by verb. Verbs without a move (reply, assign) are not in the table."""

    initial: S
    moves: Mapping[str, Move[S]]
    final: frozenset[S] = field(default_factory=frozenset)

    def allowed(self, state: S) -> tuple[str, ...]:
        """Verbs possible from `state`, in the order of the table."""
        return tuple(verb for verb, move in self.moves.items() if state in move.sources)

    def target(self, verb: str, state: S) -> S:
        """The state `verb` leads to from `state`. Raises IllegalMove."""
        move = self.moves[verb]
        if state not in move.sources:
            raise IllegalMove(verb, state, self.allowed(state))
        return move.target
