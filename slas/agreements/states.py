"""The life of an agreement's version on one screen: drafted, activated, superseded by the next."""

from core.machine import Machine, Move
from slas.models import Agreement

State = Agreement.State

MACHINE: Machine[Agreement.State] = Machine(
    initial=State.DRAFT,
    moves={
        "edit": Move(frozenset({State.DRAFT}), State.DRAFT),
        "withdraw": Move(frozenset({State.DRAFT}), State.DRAFT),
        "activate": Move(frozenset({State.DRAFT}), State.ACTIVE, clause="8.3.3"),
        "revise": Move(frozenset({State.ACTIVE}), State.ACTIVE),
        "end": Move(frozenset({State.ACTIVE}), State.ACTIVE),
        "supersede": Move(frozenset({State.ACTIVE}), State.SUPERSEDED),
    },
    final=frozenset({State.SUPERSEDED}),
)
"""A withdrawn draft is gone: it never promised anything. An agreement that ends stays active until its last day."""
