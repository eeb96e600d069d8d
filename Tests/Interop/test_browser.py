"""A person in a real browser, with JavaScript and without."""

from clients import BASIC, demo_client

ENTER = "\ue007"
TAB = "\ue004"


def sign_in(browser, username="ada", password="analytical-engine"):
    browser.type("username", username)
    browser.type("password", password)
    browser.press("sign-in-button")


def test_javascript_is_on_or_off_as_the_test_says(server, callback, browser):
    browser.open(f"http://127.0.0.1:{server.callback_port}/plain")
    assert browser.title == ("scripted" if browser.javascript else "before")


def test_the_demo_from_its_door_to_sign_out(server, browser, screenshots):
    folder = screenshots / ("javascript" if browser.javascript else "no-javascript")
    browser.open(server.demo + "/")
    browser.portraits(folder, "demo-home")
    browser.press("demo-sign-in")

    browser.find("sign-in-form")
    assert browser.address.startswith(server.issuer + "/")
    browser.portraits(folder, "sign-in")
    sign_in(browser, password="wrong")
    browser.find("error-message")
    browser.screenshot(folder / "sign-in-refused.png")
    sign_in(browser)

    # The two runs share a server, and consent is remembered: whoever comes second isn't asked.
    browser.wait_until(lambda: browser.seek("consent-form") or browser.seek("demo-user"), "consent or the demo")
    if browser.seek("consent-form"):
        browser.press("allow-button")

    assert "Ada Lovelace" in browser.text("demo-user")
    assert browser.address.startswith(server.demo + "/")
    assert "ada@demo.example" in browser.text("demo-claims")
    assert "at+jwt" in browser.text("demo-access-token")
    assert server.issuer in browser.text("demo-id-token")
    browser.portraits(folder, "demo-signed-in")
    before = browser.text("demo-access-token")
    browser.press("demo-refresh")
    browser.wait_until(lambda: browser.text("demo-access-token") != before, "another access token")

    browser.press("demo-sign-out")
    browser.wait_until(lambda: browser.seek("sign-out-button") or browser.seek("demo-sign-in"), "sign-out or the demo's door")
    if browser.seek("sign-out-button"):
        browser.portraits(folder, "sign-out")
        browser.press("sign-out-button")
        browser.wait_until(lambda: browser.seek("return-link") or browser.seek("demo-sign-in"), "the way back")
    browser.open(server.demo + "/")
    browser.press("demo-sign-in")
    browser.find("sign-in-form")
    assert not [line for line in browser.complaints() if "Content Security Policy" in line or "Refused to" in line]


def test_consent_is_asked_for_again_when_the_client_says_so(server, metadata, callback, browser, screenshots):
    folder = screenshots / ("javascript" if browser.javascript else "no-javascript")
    client = demo_client(server)
    address, state = client.authorization_url(metadata["authorization_endpoint"], prompt="consent")
    browser.open(address)
    sign_in(browser)
    browser.find("consent-form")
    browser.portraits(folder, "consent")
    browser.press("allow-button")
    method, parameters = callback.next()
    assert (method, parameters["state"], parameters["iss"]) == ("GET", state, server.issuer)
    client.fetch_token(metadata["token_endpoint"], code=parameters["code"], auth=BASIC)
    assert client.get(metadata["userinfo_endpoint"]).json()["email"] == "ada@demo.example"


def test_form_post_sends_itself_or_has_a_button(server, metadata, callback, browser):
    client = demo_client(server)
    address, state = client.authorization_url(metadata["authorization_endpoint"], response_mode="form_post", prompt="consent")
    browser.open(address)
    sign_in(browser)
    browser.press("allow-button")
    if not browser.javascript:
        browser.press("continue-button")
    method, parameters = callback.next()
    assert (method, parameters["state"], parameters["iss"]) == ("POST", state, server.issuer)
    client.fetch_token(metadata["token_endpoint"], code=parameters["code"], auth=BASIC)


def test_the_keyboard_is_enough(server, metadata, callback, browser):
    address, state = demo_client(server).authorization_url(metadata["authorization_endpoint"], prompt="consent")
    browser.open(address)
    browser.wait_for_focus("username")
    browser.type("username", "ada")
    browser.key(TAB)
    browser.wait_for_focus("password")
    browser.type("password", "analytical-engine")
    browser.key(ENTER)
    browser.find("allow-button")
    for _ in range(20):
        if browser.focused() == "allow-button":
            break
        before = browser.call("GET", "/element/active")
        browser.key(TAB)
        browser.wait_until(lambda: browser.call("GET", "/element/active") != before, "the focus to move on")
    assert browser.focused() == "allow-button"
    browser.key(ENTER)
    assert callback.next()[1]["state"] == state


def test_a_callback_that_redirects_to_another_origin_of_the_application(server, metadata, callback, browser):
    # Chromium holds every redirect that follows a form against `form-action`.
    client = demo_client(server)
    client.redirect_uri = server.callback.replace("/back", "/onward")
    address, state = client.authorization_url(metadata["authorization_endpoint"], prompt="consent")
    browser.open(address)
    sign_in(browser)
    browser.press("allow-button")
    assert callback.next()[1]["state"] == state
    browser.find("arrived")
    assert browser.address.startswith(f"http://localhost:{server.callback_port}/back?")


def test_two_tabs_sign_in_side_by_side(server, metadata, callback, browser):
    tabs = {}
    for _ in range(2):
        address, state = demo_client(server).authorization_url(metadata["authorization_endpoint"], prompt="consent")
        tabs[state] = browser.new_tab()
        browser.open(address)
        browser.find("sign-in-form")
    for state, tab in tabs.items():
        browser.switch(tab)
        sign_in(browser)
        browser.press("allow-button")
        assert callback.next()[1]["state"] == state


def test_an_unregistered_redirect_ends_on_a_page_for_people(server, metadata, browser, screenshots):
    folder = screenshots / ("javascript" if browser.javascript else "no-javascript")
    browser.open(metadata["authorization_endpoint"] + "?response_type=code&client_id=demo&redirect_uri=https://attacker.example/")
    browser.find("error-page")
    assert browser.address.startswith(server.issuer)
    browser.portraits(folder, "error")
