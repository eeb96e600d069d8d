"""Reads and posts the server's forms as a browser without JavaScript would."""

import html.parser
import urllib.parse

import requests


class Unavailable(Exception):
    """The server asked for patience with a 503."""


class Form:
    def __init__(self, attributes):
        self.id = attributes.get("id")
        self.action = attributes.get("action", "")
        self.method = attributes.get("method", "get").lower()
        self.fields = {}


class FormParser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = {}
        self.ids = set()
        self.current = None

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        if "id" in attributes:
            self.ids.add(attributes["id"])
        if tag == "form":
            self.current = Form(attributes)
            self.forms[self.current.id] = self.current
        elif tag == "input" and self.current and "name" in attributes:
            self.current.fields[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.current = None


def read(answer):
    parser = FormParser()
    parser.feed(answer.text)
    return parser


class Person:
    """Somebody with a cookie jar who fills in what the server shows."""

    def __init__(self, issuer, username="ada", password="analytical-engine"):
        self.issuer = issuer
        self.username = username
        self.password = password
        self.http = requests.Session()
        self.http.trust_env = False

    def follow(self, answer, until=None):
        """Follows redirects inside the server; returns the page, or the first Location that leaves it."""
        for _ in range(10):
            location = answer.headers.get("Location")
            if location is None:
                return answer
            address = urllib.parse.urljoin(answer.url, location)
            if not address.startswith(self.issuer + "/"):
                return address
            answer = self.get(address)
        raise AssertionError("redirects without end")

    def get(self, address):
        return self.http.get(address, allow_redirects=False, timeout=60)

    def submit(self, page, form, **fields):
        address = urllib.parse.urljoin(page.url, form.action)
        return self.http.post(address, data=form.fields | fields, allow_redirects=False, timeout=60)

    def open(self, address):
        return self.follow(self.get(address))

    def sign_in(self, page):
        form = read(page).forms["sign-in-form"]
        return self.follow(self.submit(page, form, username=self.username, password=self.password))

    def decide(self, page, decision="allow"):
        form = read(page).forms["consent-form"]
        return self.follow(self.submit(page, form, decision=decision))

    def authorize(self, address):
        """Goes through sign-in and consent as they come; returns the address on the application's side."""
        page = self.open(address)
        for _ in range(4):
            if isinstance(page, str):
                return page
            forms = read(page).forms
            if "sign-in-form" in forms:
                page = self.sign_in(page)
            elif "consent-form" in forms:
                page = self.decide(page)
            elif page.status_code == 503:
                raise Unavailable(page.headers.get("Retry-After"))
            else:
                raise AssertionError(f"neither sign-in nor consent: {page.status_code} {page.text[:4000]}")
        raise AssertionError("sign-in and consent without end")


def query_of(address):
    parts = urllib.parse.urlsplit(address)
    return dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
