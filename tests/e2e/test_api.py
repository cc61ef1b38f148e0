"""A person makes a token and tries it in the interactive documentation. Its look is Swagger UI's own (no axe there), its
files and its policy are ours: any violation of it fails through `visitor`."""

import json
import urllib.request


def make_token(page, password, *, name="Monitoring"):
    """The secret of a new token that may read and write."""
    page.goto("/api/tokens/")
    page.fill("[name=name]", name)
    page.check("[name=scopes][value=write]")
    page.click("main button:has-text('Create token')")
    page.wait_for_url("**/account/reauthenticate/**")
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")
    return page.input_value("#secret")


def test_a_token_from_its_page_to_its_revocation(stack, visitor, accessible, fits):
    page = visitor("agent", width=390)
    secret = make_token(page, stack.logins["agent"][1])
    accessible(page)
    fits(page)

    request = urllib.request.Request(f"{stack.url}/api/v1/me/", headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["email"] == stack.logins["agent"][0]

    page.goto("/api/tokens/")
    assert secret not in page.content()
    page.click("button[aria-label='Revoke Monitoring']")
    page.wait_for_selector("td:has-text('revoked')")
    accessible(page)
    assert page.request.get("/api/v1/me/", headers={"Authorization": f"Bearer {secret}"}).status == 401


def test_the_documentation_calls_the_api(visitor):
    page = visitor("agent")
    page.goto("/api/v1/docs/")
    page.click("#operations-people-me_retrieve .opblock-summary")
    page.click("#operations-people-me_retrieve button:has-text('Try it out')")
    page.click("#operations-people-me_retrieve button:has-text('Execute')")
    answer = page.locator("#operations-people-me_retrieve .responses-table.live-responses-table")
    answer.wait_for()
    assert '"desk.enter"' in answer.inner_text()
    page.click("button.authorize")
    page.wait_for_selector(".auth-container input")


def test_the_documentation_writes_with_the_session(visitor):
    """A POST needs the CSRF token, which static/js/swagger-init.js adds."""
    page = visitor("customer")
    page.goto("/api/v1/docs/")
    page.click("#operations-incidents-incidents_create .opblock-summary")
    page.click("#operations-incidents-incidents_create button:has-text('Try it out')")
    page.fill(
        "#operations-incidents-incidents_create textarea", '{"subject": "From the docs", "body": "Tried it out."}'
    )
    page.click("#operations-incidents-incidents_create button:has-text('Execute')")
    answer = page.locator("#operations-incidents-incidents_create .live-responses-table")
    answer.wait_for()
    assert '"From the docs"' in answer.inner_text()
