"""Signing in with others: a second Gatehouse, Authlib and django-oauth-toolkit through a real browser, GitHub and Google as they are documented."""

import concurrent.futures

import pytest
import requests

from clients import BASIC, demo_client
from django_site import PEOPLE
from federation import House, go, link_to, notice, sign_in_with
from pages import Person, read
from server import wait_until
from test_browser import sign_in

DJANGO_PEOPLE = {person[0]: person for person in PEOPLE}
UPSTREAM_PEOPLE = {True: ("grace", "compilers-are-easy", "Grace Hopper"), False: ("hedy", "frequencies-that-hop", "Hedy Lamarr")}
OTHER_WAYS = {"sign-in-form", "username", "password", "providers", "provider-google", "provider-github", "provider-upstream", "provider-authlib"}


@pytest.fixture(scope="module")
def house():
    house = House()
    try:
        yield house.start()
    finally:
        house.stop()


@pytest.fixture(autouse=True)
def providers_in_order(house):
    yield
    house.reset()


@pytest.fixture
def somebody(house):
    person = Person(house.server.issuer)
    yield person
    person.http.close()


@pytest.fixture
def folder(screenshots, browser):
    return screenshots / ("javascript" if browser.javascript else "no-javascript")


def no_complaints(browser):
    assert not [line for line in browser.complaints() if "Content Security Policy" in line or "Refused to" in line]


def allow(browser):
    """Consents wherever it is asked for, until the demo application is reached."""
    while browser.wait_until(lambda: browser.seek("demo-user") or browser.seek("allow-button"), "consent or the demo"):
        if browser.seek("demo-user"):
            return
        before = browser.address
        browser.press("allow-button")
        browser.wait_until(lambda: browser.address != before, "the next page")


def test_a_second_gatehouse_signs_a_person_in(house, browser, folder):
    browser.open(house.server.demo + "/")
    browser.press("demo-sign-in")
    browser.find("providers")
    browser.portraits(folder, "sign-in-providers")
    browser.press("provider-upstream")
    browser.find("sign-in-form")
    assert browser.address.startswith(house.upstream.issuer + "/")
    # Somebody new each time: both servers remember what they have been allowed.
    username, password, name = UPSTREAM_PEOPLE[browser.javascript]
    sign_in(browser, username, password)
    allow(browser)
    assert name in browser.text("demo-user")
    claims = browser.text("demo-id-token")
    assert '"idp"' in claims and '"upstream"' in claims and '"fed"' in claims
    no_complaints(browser)


def test_authlib_signs_a_person_in(house, browser):
    browser.open(house.server.demo + "/")
    browser.press("demo-sign-in")
    browser.press("provider-authlib")
    assert browser.text("upstream") == "Authlib"
    asked = house.authlib.asked[-1]
    assert asked["code_challenge_method"] == "S256" and asked["nonce"] and asked["redirect_uri"] == house.callback("authlib")
    browser.press("upstream-sign-in")
    allow(browser)
    assert "Ada at Authlib" in browser.text("demo-user")
    assert "ada@authlib.example" in browser.text("demo-claims")
    no_complaints(browser)


def test_a_person_who_says_no_there_comes_back_to_the_other_ways(house, browser, folder):
    browser.open(house.server.issuer + "/sign-in")
    browser.press("provider-authlib")
    browser.press("upstream-deny")
    assert "Authlib did not sign you in" in browser.text("federation-notice")
    browser.portraits(folder, "sign-in-provider-refused")
    sign_in(browser)
    assert "Ada Lovelace" in browser.text("home-page")


def test_an_account_with_the_address_is_linked_once_its_password_has_been_given(house, browser, folder):
    house.google.claims |= {"sub": "google-" + folder.name, "email": "ada@demo.example", "email_verified": True}
    browser.open(house.server.issuer + "/sign-in")
    browser.press("provider-google")
    browser.press("upstream-sign-in")
    assert "ada@demo.example" in browser.text("linking-note")
    browser.portraits(folder, "sign-in-link")
    browser.type("password", "wrong")
    browser.press("sign-in-button")
    browser.find("error-message")
    browser.type("password", "analytical-engine")
    browser.press("sign-in-button")
    assert "Ada Lovelace" in browser.text("home-page")

    # From now on the provider is enough.
    sign_out(house, browser)
    browser.open(house.server.issuer + "/sign-in")
    browser.press("provider-google")
    browser.press("upstream-sign-in")
    assert "Ada Lovelace" in browser.text("home-page")
    browser.press("account-link")
    assert "ada@demo.example" in browser.text("ways")
    unlink(browser, "Google")
    no_complaints(browser)


def unlink(browser, name):
    before = browser.text("ways")
    assert name in before
    buttons = browser.call("POST", "/elements", {"using": "css selector", "value": f'button[aria-label="Remove {name}"]'})
    browser.call("POST", f"/element/{list(buttons[0].values())[0]}/click", {})
    browser.wait_until(lambda: f"{name} was removed" in browser.text("account-notice"), "the removal")
    assert name not in browser.text("ways")


def test_a_signed_in_person_adds_a_way_and_takes_it_back(house, browser, folder):
    house.authlib.person["sub"] = "authlib-" + folder.name
    house.authlib.person["email"] = "countess@authlib.example"
    browser.open(house.server.issuer + "/account")
    sign_in(browser)
    assert browser.text("account-name") == "Ada Lovelace"
    browser.press("link-authlib")
    browser.press("upstream-sign-in")
    assert "Authlib was added" in browser.text("account-notice")
    assert "countess@authlib.example" in browser.text("ways")
    browser.portraits(folder, "account")

    sign_out(house, browser)
    browser.open(house.server.issuer + "/account")
    browser.press("provider-authlib")
    browser.press("upstream-sign-in")
    assert browser.text("account-name") == "Ada Lovelace"
    unlink(browser, "Authlib")
    no_complaints(browser)


def test_django_oauth_toolkit_is_added_signs_in_and_is_taken_back(house, browser):
    # Somebody else of Django's each time, and always Ada here.
    username, password, given_name, family_name, email = DJANGO_PEOPLE["maria" if browser.javascript else "emmy"]
    browser.open(house.server.issuer + "/account")
    sign_in(browser)
    browser.press("link-django")
    browser.type("upstream-username", username)
    browser.type("upstream-password", password)
    browser.press("upstream-sign-in")
    browser.press("upstream-allow")
    assert "Django was added" in browser.text("account-notice")
    assert email in browser.text("ways")
    assert browser.text("account-name") == "Ada Lovelace"

    # The same `sub` again is Ada, though the address isn't hers.
    sign_out(house, browser)
    browser.open(house.server.issuer + "/account")
    browser.press("provider-django")
    browser.press("upstream-allow")
    assert browser.text("account-name") == "Ada Lovelace"
    unlink(browser, "Django")

    # And then it is nobody's: an account of its own, with the name and the address that Django tells.
    sign_out(house, browser)
    browser.open(house.server.issuer + "/account")
    browser.press("provider-django")
    browser.press("upstream-deny")
    # Its refusal doesn't name its issuer, though it promises to (RFC 9207 §2), so it is anybody's word.
    assert "Django" in browser.text("federation-notice")
    browser.press("provider-django")
    browser.press("upstream-allow")
    assert browser.text("account-name") == f"{given_name} {family_name}"
    assert email in browser.text("account-login") and email in browser.text("ways")
    no_complaints(browser)


def sign_out(house, browser):
    browser.open(house.server.issuer + "/sign-out")
    browser.press("sign-out-button")
    browser.find("signed-out-page")


def test_the_way_there_is_found_by_the_address(house, browser):
    browser.open(house.server.issuer + "/sign-in")
    browser.type("username", "grace@navy.example")
    browser.press("sign-in-button")
    browser.wait_until(lambda: browser.address.startswith(house.upstream.issuer) or None, "the other server's page")
    browser.find("sign-in-form")
    no_complaints(browser)


def test_github_as_documented(house, somebody):
    page = sign_in_with(somebody, "github")
    assert "monalisa octocat" in page.text and "home-page" in read(page).ids
    asked = house.github.asked("/login/oauth/authorize")[-1][2]
    assert {"client_id", "redirect_uri", "scope", "state"} <= asked.keys()
    assert asked["scope"] == "read:user user:email"
    account = somebody.open(somebody.issuer + "/account")
    # The primary address that GitHub has verified, not the first of the list.
    assert "octocat@github.example" in account.text and "octocat@old.example" not in account.text


@pytest.mark.parametrize(
    "error", ["bad_verification_code", "incorrect_client_credentials", "redirect_uri_mismatch", "unverified_user_email"]
)
def test_github_says_its_errors_with_200(house, somebody, error):
    house.github.token_error = (error, "As documented.")
    page = sign_in_with(somebody, "github")
    assert notice(page), page.text
    assert OTHER_WAYS <= read(page).ids
    assert "Ada Lovelace" in somebody.sign_in(page).text


def test_a_refusal_at_github_is_no_error_of_ours(house, somebody):
    page = sign_in_with(somebody, "github", decision="no")
    assert "GitHub did not sign you in" in notice(page)


def test_google_as_documented(house, somebody):
    house.google.claims |= {"sub": "110169484474386276334", "email": "countess@gmail.example"}
    page = sign_in_with(somebody, "google")
    assert "Ada Lovelace" in page.text and "home-page" in read(page).ids
    asked = house.google.asked("/o/oauth2/v2/auth")[-1][2]
    assert asked["scope"] == "openid email profile" and asked["response_type"] == "code" and asked["nonce"]
    assert "countess@gmail.example" in somebody.open(somebody.issuer + "/account").text


def test_google_changes_its_keys(house, somebody):
    house.google.claims |= {"sub": "110169484474386276334", "email": "countess@gmail.example"}
    house.google.add_key("another")
    house.google.signing_key = "another"
    # Keys are fetched so often at most, and whoever came before may have had them fetched just now.
    wait_until(lambda: "home-page" in read(sign_in_with(somebody, "google")).ids, "the new key to be fetched")


def test_a_key_that_google_does_not_publish_signs_nobody_in(house, somebody):
    house.google.add_key("withdrawn", is_published=False)
    house.google.signing_key = "withdrawn"
    page = sign_in_with(somebody, "google")
    assert "could not be trusted" in notice(page)
    assert OTHER_WAYS <= read(page).ids


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_request"])
def test_google_refuses_the_code(house, somebody, error):
    house.google.token_error = error
    page = sign_in_with(somebody, "google")
    assert notice(page) and OTHER_WAYS <= read(page).ids


@pytest.mark.parametrize("mood", ["broken", "rubbish", "huge", "slow"])
@pytest.mark.parametrize("service", ["github", "google"])
def test_a_provider_in_a_bad_mood_leaves_the_other_ways(house, somebody, service, mood):
    page = somebody.open(somebody.issuer + "/sign-in")
    address = somebody.open(somebody.issuer + link_to(page, service))
    assert isinstance(address, str)
    getattr(house, service).mood = mood
    answer = requests.post(address, data={"go": "yes"}, allow_redirects=False, timeout=60)
    page = somebody.open(answer.headers["Location"])
    assert "can’t be reached" in notice(page) or "could not be trusted" in notice(page)
    assert OTHER_WAYS <= read(page).ids
    assert "Ada Lovelace" in somebody.sign_in(page).text


def test_a_provider_that_is_down_leaves_the_other_ways(house, browser, folder):
    browser.open(house.server.issuer + "/sign-in")
    browser.press("provider-away")
    assert "Far Away can’t be reached" in browser.text("federation-notice")
    browser.portraits(folder, "sign-in-provider-away")
    sign_in(browser)
    assert "Ada Lovelace" in browser.text("home-page")
    browser.press("account-link")
    browser.press("link-away")
    assert "Far Away can’t be reached, so nothing was added" in browser.text("account-notice")
    no_complaints(browser)


def test_a_listed_client_is_given_the_providers_token_and_a_newer_one_when_it_has_ended(house, somebody):
    house.authlib.person |= {"sub": "authlib-1815", "email": "ada@authlib.example"}
    server = house.server
    metadata = requests.get(server.issuer + "/.well-known/openid-configuration", timeout=60).json()
    # Authlib's tokens end at once: each exchange asks for a newer one.
    house.authlib.lifetime = 10
    client = demo_client(server, ["openid", "profile"])
    address, _ = client.authorization_url(metadata["authorization_endpoint"])
    page = somebody.open(address)
    page = go(somebody, server.issuer + link_to(page, "authlib"))
    if not isinstance(page, str):
        page = somebody.decide(page)
    token = client.fetch_token(metadata["token_endpoint"], authorization_response=page, auth=BASIC)["access_token"]

    def exchange(**changes):
        return server.post(
            "/oauth2/token",
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": token,
                "subject_token_type": "urn:ietf:params:oauth:token-type:access_token", "audience": "authlib",
            } | changes,
            auth=BASIC,
        )

    given = [exchange().json() for _ in range(2)]
    assert given[0]["token_type"] == "Bearer" and given[0]["access_token"] != given[1]["access_token"]
    userinfo = requests.get(
        house.authlib.issuer + "/userinfo", headers={"Authorization": "Bearer " + given[1]["access_token"]}, timeout=60
    ).json()
    assert userinfo["sub"] == "authlib-1815"
    # Authlib rotates refresh tokens: of two renewals at once the second would find nothing.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        crowd = list(pool.map(lambda _: exchange().json(), range(16)))
    assert all("access_token" in answer for answer in crowd), crowd
    assert exchange(audience="google").json()["error"] == "invalid_target"
    # Taken back there: the person has to sign in with it again.
    for kept in house.authlib.tokens:
        kept.revoked = True
    assert exchange().json()["error"] == "invalid_target"
