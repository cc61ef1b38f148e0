"""The customers' pages in a real browser: with scripts, without them, on a phone, in the dark, in Chinese."""

import re
from uuid import uuid4

import pytest

PAGES = ["/portal/", "/portal/services/", "/portal/status/", "/portal/requests/", "/portal/requests/new/", "/portal/search/?q=mail", "/me/"]  # fmt: skip
LOG = {"name": "vpn.log", "mimeType": "text/plain", "buffer": b"rekey failed"}
PROGRAM = {"name": "run.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}


def file_incident(customer, *files):
    """File an incident and stay on its page. Its subject."""
    subject = f"The printer hums {uuid4().hex[:8]}"
    customer.goto("/portal/requests/new/")
    customer.fill("[name=subject]", subject)
    customer.fill("[name=body]", "Since this morning.")
    customer.set_input_files("main input[type=file]", list(files))
    customer.click("main form button:has-text('Send')")
    return subject


def test_portal_works_without_scripts(visitor):
    customer = visitor("customer", width=390, javascript=False)
    subject = file_incident(customer, PROGRAM)
    assert "run.exe" in customer.inner_text("main")
    assert customer.input_value("[name=subject]") == subject

    customer.set_input_files("main input[type=file]", [LOG])
    customer.click("main form button:has-text('Send')")
    customer.wait_for_url(re.compile(r"/portal/requests/INC-\d+/"))
    story = customer.inner_text("main")
    assert subject in story
    assert "vpn.log" in story
    assert "First answer by" in story

    customer.fill("main textarea[name=text] >> nth=0", "It hums **louder** now.")
    customer.click("button:has-text('Send')")
    assert "It hums louder now." in customer.inner_text("main")

    customer.click("summary:has-text('I no longer need this')")
    customer.fill("#id_cancel", "It stopped.")
    customer.click("button:has-text('Withdraw')")
    customer.fill("#id_follow_up", "It hums again.")
    customer.click("button:has-text('Open a follow-up')")
    assert "It hums again." in customer.inner_text("main")
    assert customer.locator("dt:has-text('Follows')").count() == 1


def test_an_answer_survives_a_lost_page(visitor):
    customer = visitor("customer")
    file_incident(customer)
    customer.wait_for_url(re.compile(r"/portal/requests/INC-\d+/"))
    customer.fill("main textarea[name=text] >> nth=0", "Half a thought")
    customer.wait_for_selector("[data-draft-target=state]:has-text('Draft saved')")
    address = customer.url
    elsewhere = visitor("customer", javascript=False)  # another device: what the server kept
    elsewhere.goto(address)
    assert elsewhere.input_value("main textarea[name=text] >> nth=0") == "Half a thought"


def test_an_answer_that_comes_too_late_is_kept(visitor, accessible):
    customer = visitor("customer")
    file_incident(customer)
    customer.wait_for_url(re.compile(r"/portal/requests/INC-\d+/"))
    other = customer.context.new_page()
    other.goto(customer.url)
    other.click("summary:has-text('I no longer need this')")
    other.fill("#id_cancel", "It stopped.")
    other.click("button:has-text('Withdraw')")
    other.wait_for_selector("text=This request is closed")
    customer.fill("main textarea[name=text] >> nth=0", "One more thing")
    customer.click("button:has-text('Send')")
    customer.wait_for_selector("text=This has changed in the meantime.")
    assert customer.input_value("#id_follow_up") == "One more thing"
    accessible(customer)


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        pytest.param(390, "light", marks=pytest.mark.matrix),
        pytest.param(1440, "light", marks=pytest.mark.matrix),
        pytest.param(1440, "dark", marks=pytest.mark.matrix),
    ],
)
def test_pages_fit_and_are_accessible(visitor, accessible, fits, width, scheme):
    customer = visitor("customer", width=width, scheme=scheme)
    for page in PAGES:
        customer.goto(page)
        accessible(customer)
        fits(customer)


def test_portal_speaks_chinese(visitor, accessible, fits):
    customer = visitor("customer", width=390)
    customer.goto("/portal/")
    customer.click("footer button[value=zh-hans]")
    customer.wait_for_selector("html[lang=zh-Hans]")
    try:
        for page in PAGES:
            customer.goto(page)
            accessible(customer)
            fits(customer)
    finally:
        customer.goto("/portal/")
        customer.click("footer button[value=en]")
