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
for other in Agreement.objects.filter(customer=customer).exclude(pk=agreement.pk):
    other.is_active = False
    other.save()
"""


def test_main_job(stack, visitor, accessible):
    subject = f"VPN drops every hour {uuid4().hex[:8]}"
    stack.manage("shell", "-c", HURRY.format(email=stack.logins["customer"][0]))
    manager = visitor("manager")
    before = closed_in_time_or_late(manager)

    customer = visitor("customer")
    customer.goto("/portal/requests/new/")
    accessible(customer)
    customer.fill("[name=subject]", subject)
    customer.fill("[name=body]", "Since yesterday it drops **every hour**.")
    customer.set_input_files("input[type=file]", [{"name": "vpn.log", "mimeType": "text/plain", "buffer": b"rekey failed"}])
    customer.click("main form button[type=submit]:has-text('Send')")
    customer.wait_for_url(re.compile(r"/portal/requests/INC-\d+/"))
    number = re.search(r"INC-\d+", customer.url).group()
    assert customer.locator("text=vpn.log").count() >= 1
    accessible(customer)

    agent = visitor("agent")
    agent.goto(f"/incidents/{number}/")
    accessible(agent)
    agent.wait_for_function(
        "async () => (await (await fetch(location.href)).text()).includes('used')", timeout=30_000, polling=1000
    )
    agent.reload()
    story = agent.inner_text("main")
    assert re.search(r"50\s?%", story), story
    agent.wait_for_function(
        "async () => /breached|missed|overdue/i.test(await (await fetch(location.href)).text())", timeout=30_000, polling=1000
    )

    agent.reload()
    agent.fill("textarea[name=body]", "The key renewal fails. I am on it.")
    agent.click("button:has-text('Send')")
    agent.wait_for_selector("text=I am on it.")
    agent.goto(f"/incidents/{number}/")
    resolve(agent, "Renewed the key.")

    customer.reload()
    assert "I am on it." in customer.inner_text("main")
    assert "Renewed the key." in customer.inner_text("main")
    accessible(customer)
    customer.click("button:has-text('Confirm'), button:has-text('Yes')")
    customer.wait_for_selector("text=Closed")

    assert closed_in_time_or_late(manager) == before + 1
    accessible(manager)


def resolve(agent, words):
    agent.click("summary:has-text('Resolve'), button:has-text('Resolve')")
    agent.select_option("#resolve select[name=code]", "fixed")
    agent.fill("#resolve textarea[name=resolution]", words)
    agent.click("#resolve button[type=submit]")
    agent.wait_for_selector("text=Resolved")


def closed_in_time_or_late(manager):
    """How many resolution clocks the dashboard has counted in its period."""
    manager.goto("/reports/service-levels/?period=7d")
    return int(re.sub(r"\D", "", manager.get_attribute("[data-counted-resolution]", "data-counted-resolution")))
