"""The main job, as four people see it, with a real worker ringing the bell.

A customer files an incident; nobody acts and a Celery worker warns; the agent answers and resolves; the customer
confirms; the manager's dashboard has counted it.
"""

import re
from uuid import uuid4

# An agreement for the customer's organisation whose first response is due within seconds.
HURRY = """
from datetime import timedelta, date
from accounts.models import User
from slas.models import *
customer = User.objects.get(email={email!r}).organisation
calendar = BusinessCalendar.objects.create(name="Always, for the test", time_zone="UTC")
for day in range(7):
    OpeningHours.objects.create(calendar=calendar, weekday=day, interval="00:00-24:00")
agreement = Agreement.objects.create(name="In a hurry", customer=customer, calendar=calendar, start_date=date(2020, 1, 1), pauses_on=["requester"])
for priority in range(1, 6):
    Target.objects.create(agreement=agreement, metric="first_response", priority=priority, duration=timedelta(seconds=8))
    Target.objects.create(agreement=agreement, metric="resolution", priority=priority, duration=timedelta(hours=1))
EscalationStep.objects.create(agreement=agreement, percent=50)
EscalationStep.objects.create(agreement=agreement, percent=100, notifies_lead=True)
Agreement.objects.filter(customer=customer).exclude(pk=agreement.pk).update(state="draft")
"""


def test_main_job(stack, visitor, accessible):
    subject = f"VPN drops every hour {uuid4().hex[:8]}"
    stack.manage("shell", "-c", HURRY.format(email=stack.logins["customer"][0]))
    manager = visitor("manager")
    before = resolved_in_period(manager)

    customer = visitor("customer")
    customer.goto("/portal/requests/new/")
    accessible(customer)
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
