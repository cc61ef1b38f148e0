"""The main job, as four people see it, with a real worker ringing the bell.

A customer files an incident; nobody acts and a Celery worker warns; the agent answers and resolves; the customer
confirms; the manager's dashboard has counted it.
"""

import re
from datetime import timedelta
from uuid import uuid4

from tests.e2e.own import promise


def test_main_job(stack, visitor, accessible):
    subject = f"VPN drops every hour {uuid4().hex[:8]}"
    service = f"Door badges {uuid4().hex[:8]}"
    promise(stack, service, response=timedelta(seconds=8), resolution=timedelta(hours=1))
    manager = visitor("manager")
    before = resolved_in_period(manager)

    customer = visitor("customer")
    customer.goto("/portal/requests/new/")
    accessible(customer)
    customer.select_option("[name=service]", label=service)
    customer.fill("[name=subject]", subject)
    customer.fill("[name=body]", "Since yesterday it drops **every hour**.")
    customer.set_input_files(
        "main input[type=file]", [{"name": "vpn.log", "mimeType": "text/plain", "buffer": b"rekey failed"}]
    )
    customer.click("main form button:has-text('Send')")
    customer.wait_for_url(re.compile(r"/portal/requests/INC-\d+/"))
    number = re.search(r"INC-\d+", customer.url).group()
    assert "vpn.log" in customer.inner_text("main")
    accessible(customer)

    agent = visitor("agent")
    agent.goto(f"/incidents/{number}/")
    accessible(agent)
    wait_for_words(agent, r"50\s?% of the time is used")
    wait_for_words(agent, r"First response:? .*(missed|breached|passed|late)")

    agent.fill("textarea[name=text]", "The key renewal fails. I am on it.")
    agent.click("button[data-composer-send]")
    agent.wait_for_selector("article:has-text('I am on it.')")
    resolve(agent, number, "Renewed the key.")

    customer.reload()
    story = customer.inner_text("main")
    assert "I am on it." in story
    assert "Renewed the key." in story
    accessible(customer)
    customer.click("button:has-text('Yes, confirm')")
    customer.wait_for_selector("text=Closed")

    assert resolved_in_period(manager) == before + 1
    accessible(manager)


def wait_for_words(page, pattern):
    """The page as the server tells it now, until it says `pattern`: the worker needs its seconds."""
    page.wait_for_function(
        "pattern => fetch(location.href).then(answer => answer.text())"
        ".then(html => new RegExp(pattern, 'i').test(new DOMParser().parseFromString(html, 'text/html').querySelector('main').textContent.replace(/\\s+/g, ' ')))",
        arg=pattern, timeout=40_000, polling=1000,
    )  # fmt: skip
    page.reload()


def resolve(agent, number, words):
    agent.goto(f"/incidents/{number}/")
    agent.click("main a[href*='do=resolve']")
    agent.select_option("#resolve select[name=code]", "fixed")
    agent.fill("#resolve textarea[name=text]", words)
    with agent.expect_response(lambda answer: answer.url.endswith("/resolve/") or "/resolve/?" in answer.url):
        agent.click("#resolve button[type=submit]")


def resolved_in_period(manager):
    """How many resolution clocks the dashboard has counted ("22 late of 366")."""
    manager.goto("/reports/service-levels/?period=7")
    return int(re.search(r"late of (\d+)", manager.inner_text("main")).group(1))
