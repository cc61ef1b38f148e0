"""The time machine in a real browser: an agreement tried on the demo's months, by a manager, by a worker of the stack."""

import re

import pytest

DONE = 120_000  # ms; a worker that shares the machine with the rest of the suite


def ask(manager, calendar: str = "") -> None:
    """Ask for the standard agreement over 90 days, and wait on the job's page until it is done."""
    manager.goto("/service-levels/replays/")
    agreement = manager.locator("[name=agreement] option:has-text('Standard')").first
    manager.select_option("[name=agreement]", agreement.get_attribute("value"))
    manager.select_option("[name=days]", "90")
    if calendar:
        manager.select_option("[name=calendar]", label=calendar)
    manager.click("form[action$='/create/'] button[type=submit]")
    manager.wait_for_url(re.compile(r"/service-levels/jobs/\d+/"))
    manager.wait_for_selector("#job:has-text('Done')", timeout=DONE)


def test_the_agreement_in_force_changes_nothing(visitor, accessible):
    manager = visitor("manager")
    ask(manager)
    manager.click("#job a.pd-btn-primary")
    manager.wait_for_selector("#changes:has-text('Nothing changes')")
    heading = manager.inner_text("#tallies-title")
    before, after = re.search(r"Breaches (\d+) → (\d+)", heading).groups()
    assert before == after
    assert int(before) > 0
    accessible(manager)


def test_another_calendar_is_shown_ticket_by_ticket(visitor, accessible):
    manager = visitor("manager")
    ask(manager, calendar="Round the clock")
    accessible(manager)
    manager.click("#job a.pd-btn-primary")
    manager.wait_for_selector("#changes tbody tr")
    before, after = map(int, re.search(r"Breaches (\d+) → (\d+)", manager.inner_text("#tallies-title")).groups())
    assert after > before
    accessible(manager)

    manager.click("#changes .pd-seg a:has-text('Newly breached')")
    manager.wait_for_selector("#changes [aria-current]:has-text('Newly breached')")
    assert manager.locator("#changes tbody tr").count() == manager.locator("#changes tbody .pd-sla-at-risk").count() > 0
    manager.locator("#changes tbody th a").first.click()
    manager.wait_for_selector("#ticket")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_fit_and_an_agent_only_reads(visitor, accessible, fits, width):
    agent = visitor("agent", width=width)
    agent.goto("/service-levels/replays/")
    assert agent.locator("form[action$='/create/']").count() == 0
    accessible(agent)
    fits(agent)
    agent.goto("/service-levels/forecast/")
    accessible(agent)
    fits(agent)


def test_the_forecast_is_measured(visitor, accessible, stack):
    stack.manage("calibrate_forecast")
    manager = visitor("manager")
    manager.goto("/service-levels/forecast/")
    manager.wait_for_selector("text=Brier score")
    accessible(manager)
