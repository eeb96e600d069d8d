"""A Gatehouse whose people may sign in with others: a second Gatehouse, Authlib, django-oauth-toolkit, and stand-ins for GitHub and Google."""

import html
import re
import urllib.parse

import requests

from authlib_provider import AuthlibProvider
from django_provider import DjangoProvider
from server import Server, demo_settings, free_port
from standins import GitHub, Google

UPSTREAM_SECRET = "upstream-secret-of-at-least-32-characters"


class House:
    """The server under test and its providers."""

    def __init__(self):
        self.server = Server()
        ports = [free_port() for _ in range(5)]
        self.upstream = Server(demo_application=False)
        # Cookies know no ports: the two servers need two hosts.
        self.upstream.issuer = f"http://127.0.0.1:{self.upstream.port}"
        self.upstream.settings.write_text(self.upstream_settings())
        self.authlib = AuthlibProvider(ports[0], self.callback("authlib"))
        self.github, self.google = GitHub(ports[1]), Google(ports[2])
        self.away = f"http://127.0.0.1:{ports[3]}"
        self.django = DjangoProvider(ports[4], self.callback("django"))
        self.server.settings.write_text(self.settings())

    def callback(self, provider):
        return f"{self.server.issuer}/sign-in/callback/{provider}"

    def start(self):
        self.django.start()
        self.upstream.start()
        self.server.start()
        return self

    def reset(self):
        for part in (self.authlib, self.github, self.google):
            part.reset()

    def stop(self):
        for part in (self.authlib, self.django, self.github, self.google):
            part.stop()
        self.server.remove()
        self.upstream.remove()

    def upstream_settings(self):
        return f"""
issuer: {self.upstream.issuer}
name: Old Gatehouse
local: true
listen: {{ address: 127.0.0.1, port: {self.upstream.port} }}
clients:
  - client_id: gatehouse
    name: Gatehouse
    secret: {{ plain: {UPSTREAM_SECRET} }}
    grant_types: [authorization_code, refresh_token]
    redirect_uris: ["{self.callback('upstream')}"]
    scopes: [openid, profile, email]
users:
  - username: grace
    password: {{ plain: compilers-are-easy }}
    name: Grace Hopper
    given_name: Grace
    family_name: Hopper
    email: grace@navy.example
    email_verified: true
  - username: hedy
    password: {{ plain: frequencies-that-hop }}
    name: Hedy Lamarr
    email: hedy@navy.example
    email_verified: true
"""

    def settings(self):
        demo = demo_settings(self.server.port, self.server.demo_port, self.server.callback_port)
        return demo + f"""
outbound:
  allow_private: true
  allow_http: true

federation:
  providers:
    - id: google
      preset: google
      issuer: {self.google.issuer}
      client_id: {self.google.client_id}
      secret: {{ plain: {self.google.client_secret} }}
    - id: github
      preset: github
      client_id: {self.github.client_id}
      secret: {{ plain: {self.github.client_secret} }}
      issuer: {self.github.issuer}/login/oauth
      endpoints:
        authorization: {self.github.issuer}/login/oauth/authorize
        token: {self.github.issuer}/login/oauth/access_token
        userinfo: {self.github.issuer}/user
        emails: {self.github.issuer}/user/emails
    - id: upstream
      name: Old Gatehouse
      icon: building
      issuer: {self.upstream.issuer}
      client_id: gatehouse
      secret: {{ plain: {UPSTREAM_SECRET} }}
      domains: [navy.example]
    - id: authlib
      name: Authlib
      issuer: {self.authlib.issuer}
      client_id: {self.authlib.client.client_id}
      secret: {{ plain: {self.authlib.client.client_secret} }}
      scopes: [openid, profile, email, offline_access]
      tokens:
        clients: [demo]
    - id: django
      name: Django
      issuer: {self.django.issuer}
      client_id: {self.django.client_id}
      secret: {{ plain: {self.django.client_secret} }}
    - id: away
      name: Far Away
      issuer: {self.away}
      client_id: gatehouse
      secret: {{ plain: {UPSTREAM_SECRET} }}
"""


def link_to(page, provider):
    """Where a provider's button leads."""
    found = re.search(rf'href="(/sign-in/with/{provider}\?[^"]+)"', page.text)
    assert found, f"no button of {provider}: {page.text[:3000]}"
    return html.unescape(found[1])


def go(person, address, decision="yes"):
    """Through a stand-in's page and back, as a browser without JavaScript; returns the page where it ends."""
    there = person.open(address)
    if not isinstance(there, str):
        return there
    answer = requests.post(there, data={"go": decision}, allow_redirects=False, timeout=60)
    assert answer.status_code in (302, 303), answer.text
    return person.open(answer.headers["Location"])


def sign_in_with(person, provider, decision="yes"):
    page = person.open(person.issuer + "/sign-in")
    return go(person, person.issuer + link_to(page, provider), decision)


def notice(page):
    """What the sign-in page says of a provider; None when it says nothing."""
    found = re.search(r'id="federation-notice"[^>]*>(.*?)</p>', page.text, re.S)
    return " ".join(re.sub(r"<[^>]+>", "", found[1]).split()) if found else None


def query(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
