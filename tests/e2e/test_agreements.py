"""Agreements in a real browser: a version is revised, its effect foretold, and put into force; without scripts as well."""

import re

FREIGHT, ORDERS = "华章物流服务协议", "Tidewell: orders and invoicing"
SAVE = "main form.pd-card button[type=submit]"


def open_agreement(page, name):
    page.goto("/service-levels/agreements/")
    page.click(f"main table a:has-text('{name}')")
    page.wait_for_selector(f"h1:has-text('{name}')")


def test_a_version_is_revised_and_open_tickets_move(visitor, accessible, fits):
    manager = visitor("manager")
    open_agreement(manager, FREIGHT)
    accessible(manager)
    manager.click("main button:has-text('Revise')")
    manager.wait_for_url(re.compile(r"/agreements/\d+/edit/$"))
    accessible(manager)
    manager.fill("[name=signed_by]", "王敏")
    manager.click(SAVE)
    manager.wait_for_selector("[role=status]:has-text('The draft is saved.')")

    manager.click("nav a:has-text('Targets')")
    manager.wait_for_selector("[name=resolution_3]")
    assert manager.input_value("[name=resolution_3]") == "3d"
    manager.fill("[name=resolution_3]", "a while")
    manager.click(SAVE)
    manager.wait_for_selector("[role=alert]:has-text('“a while” is not a length of time')")
    assert manager.input_value("[name=resolution_3]") == "a while"
    accessible(manager)
    manager.fill("[name=resolution_3]", "2d 4h")
    manager.click(SAVE)
    manager.wait_for_selector("[role=status]:has-text('The targets are saved.')")
    assert "20h (2.5 working days)" in manager.inner_text("main")

    manager.click("nav a:has-text('Put into force')")
    manager.wait_for_selector(".pd-impact")
    moved = int(re.search(r"(\d+)\s+open tickets? moves?", manager.inner_text(".pd-impact")).group(1))
    assert moved > 0
    assert "20h (2.5 working days)" in manager.inner_text("#changes")
    accessible(manager)
    manager.click("label:has-text('Open tickets too, from now')")
    manager.click("#put button[type=submit]")
    manager.wait_for_url(re.compile(r"/jobs/\d+/$"))
    manager.wait_for_selector("#job:has-text('Done')", timeout=60_000)
    assert re.search(rf"\b{moved} moved\b", manager.inner_text("#job"))

    open_agreement(manager, FREIGHT)
    text = manager.inner_text("main")
    assert "version 2" in text
    assert "20h (2.5 working days)" in text
    assert "activated version 2" in text
    manager.goto("/service-levels/agreements/?view=past")
    assert "v1" in manager.inner_text(f"main tr:has-text('{FREIGHT}')")
    fits(manager)


def test_steps_are_tried_on_a_ticket(visitor, accessible):
    lead = visitor("team lead")
    lead.goto("/desk/queue/?view=open")
    number = re.search(r"INC-\d+", lead.inner_text(".pd-ticket >> nth=0")).group()
    open_agreement(lead, "Standard")
    lead.click("main a:has-text('Dry run')")
    lead.fill("[name=ticket]", number)
    lead.click("main form button[type=submit]")
    lead.wait_for_selector(f"main a:has-text('{number}')")
    assert "At 75 % of the target" in lead.inner_text("main")
    accessible(lead)


def test_a_draft_is_edited_on_a_phone_without_scripts(visitor, fits):
    manager = visitor("manager", width=390, scheme="dark", javascript=False)
    open_agreement(manager, ORDERS)
    manager.click("main button:has-text('Revise')")
    fits(manager)
    manager.click("nav a:has-text('Escalation')")
    manager.click("main a:has-text('Add a step')")
    manager.fill("[name=percent]", "90")
    manager.check("[name=notifies_owner]")
    manager.click(SAVE)
    step = manager.locator(".pd-ladder li:has-text('At 90 % of the target')")
    assert "the service owner" in step.inner_text()
    fits(manager)
    step.locator("button").click()
    assert manager.locator(".pd-ladder li:has-text('At 90 % of the target')").count() == 0
    manager.click("nav a:has-text('Targets')")
    fits(manager)
    manager.click("nav a:has-text('Document')")
    fits(manager)
    manager.click("main button:has-text('Withdraw the draft')")
    assert "In force" in manager.inner_text("main")


def test_an_agent_reads_and_cannot_change(visitor, accessible):
    agent = visitor("agent")
    open_agreement(agent, "Network & Access: our share")
    assert "in the worst case it ends 2h later" in agent.inner_text("#risks")
    assert agent.locator("main button").count() == 0
    accessible(agent)
