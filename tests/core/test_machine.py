from enum import StrEnum

import pytest

from core.machine import IllegalMove, Machine, Move


class State(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    GONE = "gone"


MACHINE = Machine(
    initial=State.DRAFT,
    moves={
        "publish": Move(frozenset({State.DRAFT}), State.LIVE),
        "drop": Move(frozenset({State.DRAFT, State.LIVE}), State.GONE),
    },
    final=frozenset({State.GONE}),
)


class TestMachine:
    def test_leads_where_the_table_says(self):
        assert MACHINE.target("publish", State.DRAFT) == State.LIVE

    def test_refuses_what_the_table_does_not_say_and_names_what_is_possible(self):
        with pytest.raises(IllegalMove, match="publish is not possible from live; possible: drop") as refused:
            MACHINE.target("publish", State.LIVE)
        assert (refused.value.verb, refused.value.state, refused.value.allowed) == ("publish", State.LIVE, ("drop",))

    def test_allows_nothing_from_the_end(self):
        assert MACHINE.allowed(State.GONE) == ()

    def test_does_not_know_a_foreign_verb(self):
        with pytest.raises(KeyError):
            MACHINE.target("fly", State.DRAFT)
