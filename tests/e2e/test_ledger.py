"""One click on any clock tells where its time went: by mouse, by keys, without scripts, on paper; and to the requester
without our names."""

import re

import pytest

from tests.e2e.test_desk import file_incident

CLOCK = "#ticket .pd-clock-link"
LEDGER = ".pd-account"


def test_the_ledger_opens_by_click_and_by_keys(visitor, accessible):
    agent = visitor("agent")
    file_incident(agent)
    agent.click(f"{CLOCK} >> nth=0")
    agent.wait_for_selector(f"#ticket {LEDGER}")
    assert agent.locator(f"{LEDGER} tbody tr").count() >= 1
    assert agent.inner_text(f"{LEDGER} tfoot td") == agent.inner_text(f"{LEDGER} dt:has-text('Used') + dd")
    accessible(agent)

    agent.focus(f"{CLOCK}[aria-expanded=true]")
    agent.keyboard.press("Enter")
    agent.wait_for_selector(LEDGER, state="detached")
    agent.focus(f"{CLOCK} >> nth=1")
    agent.keyboard.press("Enter")
    agent.wait_for_selector(f"#ticket {LEDGER} h2:has-text('where the time went')")


def test_the_ledger_has_an_address_and_a_paper(visitor, accessible, fits):
    agent = visitor("agent", width=390, scheme="dark", javascript=False)
    file_incident(agent)
    agent.click(f"{CLOCK} >> nth=0")
    agent.wait_for_url(re.compile(r"/tickets/INC-\d+/clocks/\d+/$"))
    assert "where the time went" in agent.inner_text("h1")

    reader = visitor("agent", width=390, scheme="dark")
    reader.goto(agent.url)
    accessible(reader)
    fits(reader)
    with reader.expect_download() as download:
        reader.click(f"{LEDGER} a:has-text('PDF')")
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert re.fullmatch(r"INC-\d+-[a-z_]+\.pdf", download.value.suggested_filename)


def test_the_list_and_the_dashboard_lead_to_it(visitor):
    agent = visitor("agent")
    agent.goto("/desk/queue/?view=open")
    agent.click("a.pd-ticket-chip >> nth=0")
    agent.wait_for_url(re.compile(r"/tickets/INC-\d+/clocks/\d+/$"))
    manager = visitor("manager")
    manager.goto("/reports/service-levels/")
    manager.click(".pd-at-risk a.pd-chip-link >> nth=0")
    manager.wait_for_url(re.compile(r"/tickets/INC-\d+/clocks/\d+/$"))


def test_a_promised_date_stands_beside_the_timers(visitor, accessible):
    agent = visitor("agent")
    number, _subject = file_incident(agent)
    agent.keyboard.press("d")
    agent.wait_for_selector("#edit-promise_date")
    agent.fill("#edit-promise_date [name=due_at]", "2030-01-02T03:04")
    agent.click("#edit-promise_date button[type=submit]")
    agent.wait_for_selector(
        "#edit-promise_date .pd-errors, #edit-promise_date .pd-error"
    )  # more than three years ahead
    in_a_week = agent.evaluate("new Date(Date.now() + 7 * 864e5).toISOString().slice(0, 16)")
    agent.fill("#edit-promise_date [name=due_at]", in_a_week)
    agent.fill("#edit-promise_date [name=words]", "With the new scanner.")
    agent.click("#edit-promise_date button[type=submit]")
    agent.wait_for_selector(".pd-is-event:has-text('promised it for')")
    assert agent.locator(f"{CLOCK}:has-text('Commitment')").count() == 1
    accessible(agent)

    customer = visitor("customer")
    customer.goto(f"/portal/requests/{number}/")
    promises = customer.inner_text("section:has(#promise-title)")
    assert "Promised date" in promises
    assert "With the new scanner." in promises


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_the_requester_reads_it_without_our_names(visitor, accessible, fits, width, scheme):
    agent = visitor("agent")
    number, _subject = file_incident(agent)
    name = agent.inner_text(".pd-is-event b >> nth=0")
    agent.fill(".pd-composer textarea[name=text]", "Which one beeps?")
    agent.click(".pd-composer summary")
    agent.click("button[name=reason] >> nth=0")
    agent.wait_for_selector("#ticket .pd-status:has-text('On hold')")

    customer = visitor("customer", width=width, scheme=scheme)
    customer.goto(f"/portal/requests/{number}/")
    customer.click("section:has(#promise-title) a[href*='/clocks/'] >> nth=-1")
    customer.wait_for_selector(f"{LEDGER} h1")
    words = customer.inner_text("main")
    assert "an answer of yours was needed" in words
    assert name not in words
    accessible(customer)
    fits(customer)
    with customer.expect_download() as download:
        customer.click(f"{LEDGER} a:has-text('PDF')")
    assert download.value.path().read_bytes().startswith(b"%PDF-")
