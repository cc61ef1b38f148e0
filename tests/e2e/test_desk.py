"""The agents' pages in a real browser: two at one ticket, a text that must not be lost, keys, phones, no scripts."""

import re
from uuid import uuid4

import pytest

STATE = "#ticket .pd-ticket-line .pd-status"
TEXT = ".pd-composer textarea[name=text]"


def file_incident(agent):
    """File an incident for the demo's customer and stay on its page. (its number, its subject)"""
    subject = f"The scanner beeps {uuid4().hex[:8]}"
    agent.goto("/incidents/new/")
    agent.fill("[name=requester]", "clara.whitmore@tidewell.example")
    agent.fill("[name=subject]", subject)
    agent.fill("[name=body]", "It beeps **twice**.")
    agent.click("main form button[type=submit]")
    agent.wait_for_url(re.compile(r"/incidents/INC-\d+/"))
    return re.search(r"INC-\d+", agent.url).group(), subject


def test_news_arrive_and_leave_a_half_written_text_alone(visitor):
    agent, colleague = visitor("agent"), visitor("team lead")
    number, _subject = file_incident(agent)
    agent.fill(TEXT, "Half a thought")
    agent.click("#ticket a[href*='do=resolve']")
    agent.fill("#resolve textarea", "Half a solution")

    colleague.goto(f"/incidents/{number}/")
    colleague.click(".pd-composer label:has-text('Internal note')")
    colleague.fill(TEXT, "It is the firmware.")
    colleague.click("[data-composer-send]")
    colleague.wait_for_selector(".pd-bubble-note:has-text('It is the firmware.')")

    agent.wait_for_selector(".pd-bubble-note:has-text('It is the firmware.')")
    assert agent.input_value(TEXT) == "Half a thought"
    assert agent.input_value("#resolve textarea") == "Half a solution"
    agent.wait_for_selector("[data-draft-target=state]:has-text('Draft saved')")
    agent.reload()
    assert agent.input_value(TEXT) == "Half a thought"


def test_who_comes_second_reads_who_was_first_and_keeps_his_words(visitor, accessible):
    agent, colleague = visitor("agent"), visitor("team lead")
    number, _subject = file_incident(agent)
    agent.click("#ticket a[href*='do=resolve']")
    agent.fill("#resolve textarea", "Turned it off and on again.")
    colleague.goto(f"/incidents/{number}/?do=resolve")
    colleague.fill("#resolve textarea", "Replaced it.")
    colleague.click("#resolve button[type=submit]")
    colleague.wait_for_selector(f"{STATE}:has-text('Resolved')")

    agent.click("#resolve button[type=submit]")
    conflict = agent.wait_for_selector(".pd-conflict")
    assert "resolved this" in conflict.inner_text()
    assert "Reopen" in conflict.inner_text()

    colleague.click(".pd-composer label:has-text('Internal note')")
    colleague.fill(TEXT, "It was the fuse.")
    colleague.click("[data-composer-send]")
    agent.wait_for_selector(".pd-bubble-note:has-text('It was the fuse.')")
    assert "resolved this" in agent.inner_text(".pd-conflict")
    assert agent.input_value("#resolve textarea") == "Turned it off and on again."
    accessible(agent)
    agent.click("#resolve a[aria-label='Close this form']")
    agent.wait_for_selector(".pd-conflict", state="detached")


def test_the_page_does_not_renew_itself_under_a_pressed_button(visitor):
    agent, colleague = visitor("agent"), visitor("team lead")
    number, _subject = file_incident(agent)
    colleague.goto(f"/incidents/{number}/")
    agent.click("#ticket a[href*='do=resolve']")
    agent.wait_for_selector("#resolve textarea")
    agent.hover("#resolve h2")
    agent.mouse.down()
    colleague.click(".pd-composer label:has-text('Internal note')")
    colleague.fill(TEXT, "Look at the plug.")
    colleague.click("[data-composer-send]")
    colleague.wait_for_selector(".pd-bubble-note:has-text('Look at the plug.')")
    for _look in range(2):
        agent.wait_for_event("response", lambda answer: f"/pulse/?ticket={number}" in answer.url)
    assert agent.locator(".pd-bubble-note").count() == 0
    agent.mouse.up()
    agent.wait_for_selector(".pd-bubble-note:has-text('Look at the plug.')")


def test_a_ticket_is_worked_by_keys_alone(visitor):
    agent = visitor("agent")
    _number, subject = file_incident(agent)
    agent.goto("/desk/queue/?view=unassigned")
    agent.press("body", "j")
    first = agent.evaluate("document.activeElement.id")
    assert first.startswith("row-")
    agent.keyboard.press("Enter")
    agent.wait_for_selector("#ticket")
    assert agent.locator(f"#{first}[aria-current]").count() == 1

    agent.keyboard.press("Control+k")
    agent.keyboard.type(subject)
    agent.wait_for_selector(f"#pd-palette-results a:has-text('{subject}') >> nth=0")
    agent.wait_for_selector("#pd-palette-results .pd-num >> nth=1", state="detached")
    agent.keyboard.press("Enter")
    agent.wait_for_selector(f"h1:has-text('{subject}')")
    agent.keyboard.press("i")
    agent.wait_for_selector(".pd-is-event:has-text('took this')")
    agent.keyboard.press("r")
    agent.keyboard.type("I am on it.")
    agent.keyboard.press("Control+Enter")
    agent.wait_for_selector(".pd-bubble-agent:has-text('I am on it.')")
    agent.keyboard.press("Escape")
    agent.keyboard.press("s")
    agent.wait_for_selector("#resolve select:focus")


def test_the_list_stays_while_one_reads_through_it(visitor):
    agent = visitor("agent")
    agent.goto("/desk/queue/?view=open")
    rows = agent.locator(".pd-ticket")
    third = rows.nth(2).get_attribute("id")
    rows.nth(2).click()
    agent.wait_for_selector("#ticket")
    assert "view=open" in agent.url
    assert agent.locator("[aria-current].pd-ticket").get_attribute("id") == third
    agent.press("body", "j")
    agent.wait_for_selector(f".pd-ticket[aria-current]:not(#{third})")
    agent.go_back()
    agent.wait_for_selector(f"#{third}[aria-current]")


def test_desk_works_without_scripts(visitor):
    agent = visitor("agent", width=390, javascript=False)
    file_incident(agent)
    agent.click("#start button")
    assert agent.inner_text(STATE) == "In progress"
    agent.fill(TEXT, "Which one beeps?")
    agent.click(".pd-composer summary")
    agent.click("button[name=reason]")
    assert agent.inner_text(STATE) == "On hold"
    assert "Which one beeps?" in agent.inner_text("#ticket")
    agent.click("#ticket a[href*='do=resolve']")
    agent.select_option("#resolve select", "advice")
    agent.fill("#resolve textarea", "Told how to turn it off.")
    agent.click("#resolve button[type=submit]")
    assert agent.inner_text(STATE) == "Resolved"


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        (1440, "light"),
        pytest.param(390, "light", marks=pytest.mark.matrix),
        pytest.param(1000, "light", marks=pytest.mark.matrix),
        pytest.param(1440, "dark", marks=pytest.mark.matrix),
    ],
)
def test_pages_fit_and_are_accessible(visitor, accessible, fits, width, scheme):
    agent = visitor("agent", width=width, scheme=scheme)
    number, _subject = file_incident(agent)
    ticket = f"/incidents/{number}/?view=open"
    for page in (
        "/desk/", "/desk/queue/?view=open", "/desk/queue/?view=open&panel=filters&priority=3", "/desk/find/?q=mail",
        "/incidents/new/", ticket, f"{ticket}&do=resolve", f"{ticket}&do=hold&edit=assign", f"{ticket}&edit=prioritise",
    ):  # fmt: skip
        agent.goto(page)
        accessible(agent)
        fits(agent)
    agent.goto(ticket)
    agent.click(".pd-clock-link >> nth=0")
    agent.wait_for_selector(".pd-account")
    accessible(agent)


def test_desk_speaks_chinese(visitor, accessible, fits):
    agent = visitor("agent", width=390)
    number, _subject = file_incident(agent)
    agent.click(".pd-top summary")
    agent.click("button[value=zh-hans]")
    agent.wait_for_selector("html[lang=zh-Hans]")
    try:
        for page in ("/desk/", "/desk/queue/?view=open", f"/incidents/{number}/?do=hold", "/incidents/new/"):
            agent.goto(page)
            accessible(agent)
            fits(agent)
    finally:
        agent.click(".pd-top summary")
        agent.click("button[value=en]")
        agent.wait_for_selector("html[lang=en]")
