"""Outages and what is behind the percentages, in a browser."""

import pytest

PAGES = [
    "/service-levels/availability/",
    "/service-levels/availability/?period=year",
    "/service-levels/outages/",
    "/service-levels/outages/record/",
    "/reports/behind/?period=90d",
]


def test_an_outage_is_marked_on_a_ticket_counts_and_is_put_right(visitor, accessible, fits):
    agent = visitor("agent")
    agent.goto("/desk/queue/?view=open&priority=3")
    agent.locator("#queue a[href*='/incidents/INC-']").first.click()
    agent.get_by_role("link", name="Mark an outage of the service").click()
    agent.get_by_label("What happened").fill("Power cut")
    agent.locator("#edit-mark_outage").get_by_role("button", name="Save").click()
    agent.get_by_text("The outage is recorded.").wait_for()
    agent.locator("#details a[href*='/service-levels/outages/']").click()
    assert agent.get_by_text("still down").is_visible()
    accessible(agent)
    fits(agent)
    agent.get_by_role("button", name="It is over").click()
    agent.get_by_text("The outage is over.").wait_for()
    address = agent.url
    manager = visitor("manager")
    manager.goto(address)
    manager.get_by_label("What happened").fill("Power cut in building 2")
    manager.get_by_role("button", name="Save").click()
    manager.get_by_text("Changed.").wait_for()
    accessible(manager)
    manager.get_by_role("button", name="Withdraw it").click()
    manager.get_by_text("It no longer counts.").wait_for()


def test_a_sign_leads_to_its_tickets(visitor):
    manager = visitor("manager")
    manager.goto("/reports/service-levels/")
    figure = manager.locator("a.pd-kpi-value[href*='sign=chased']")
    n = int(figure.inner_text())
    assert n > 0
    figure.click()
    manager.get_by_text("The requester had to ask again").first.wait_for()
    assert manager.locator("[data-rows-target='row']").count() == n


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_pages_fit_and_are_accessible(visitor, accessible, fits, width, scheme):
    page = visitor("manager", width=width, scheme=scheme)
    for address in PAGES:
        page.goto(address)
        page.wait_for_timeout(300)
        fits(page)
        accessible(page)
