"""A mixed load through a balancer: every answer is remembered, every refusal with its second."""

import concurrent.futures
import time

import requests

from clients import BASIC, SERVICE_BASIC, demo_client
from crew import Crew
from pages import Person, Unavailable, query_of

ANSWERED = "This request has been answered already"
SERVICE = {"grant_type": "client_credentials", "scope": "notes:read"}


class Load(Crew):
    def __init__(self, base, issuer, callback, refreshers=2, visitors=1, services=2):
        super().__init__(("refresh", "visit", "service", "introspect"), refresh_on=refreshers, visit_on=visitors, serve_on=services)
        self.base, self.issuer, self.callback = base, issuer, callback
        # What was answered: access tokens, and the last refresh token of each chain.
        self.access, self.refresh = [], {}
        # (second, what, status or exception) of whatever was no success.
        self.failures = []

    def complain(self, what, problem):
        with self.lock:
            self.failures.append((time.monotonic(), what, problem))
        time.sleep(0.05)

    def complaints(self):
        return self.failures[-5:]

    def ask(self, http, what, method, path, **options):
        """The answer, where it is a success."""
        try:
            answer = http.request(method, self.base + path, timeout=60, **options)
        except requests.RequestException as error:
            return self.complain(what, repr(error))
        if answer.status_code != 200:
            # A refusal with its reason; what is no answer of ours has none.
            return self.complain(what, answer.json()["error"] if answer.status_code == 400 else answer.status_code)
        return answer

    def token(self, http, what, data, auth):
        answer = self.ask(http, what, "POST", "/oauth2/token", data=data, auth=auth)
        if answer is None:
            return None
        tokens = answer.json()
        with self.lock:
            self.access.append(tokens["access_token"])
        return tokens

    def is_active(self, http, token):
        """None where there was no answer. A key that has just begun to sign may reach the other node a moment after its first token."""
        deadline = time.monotonic() + 10
        while True:
            answer = self.ask(http, "introspect", "POST", "/oauth2/introspect", data={"token": token}, auth=SERVICE_BASIC)
            if answer is None or answer.json()["active"] or time.monotonic() > deadline:
                return None if answer is None else answer.json()["active"]
            time.sleep(0.05)

    def count_lost(self, tokens):
        with session() as http:
            return sum(not self.is_active(http, token) for token in tokens)

    def sign_in(self, http, what):
        person = Person(self.issuer)
        client = demo_client(self)
        address, _ = client.authorization_url(self.issuer + "/oauth2/authorize")
        try:
            code = query_of(person.authorize(address))["code"]
        except Unavailable:
            return self.complain(what, 503)
        except requests.RequestException as error:
            return self.complain(what, repr(error))
        except AssertionError as error:
            return self.complain(what, ANSWERED if ANSWERED in str(error) else str(error))
        finally:
            person.http.close()
        data = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback, "code_verifier": client._code_verifier}
        return self.token(http, what, data, BASIC)

    def refresh_on(self, name):
        with session() as http:
            tokens = None
            while not self.over.is_set() and not tokens:
                tokens = self.sign_in(http, name)
            while tokens:
                self.refresh[name] = tokens["refresh_token"]
                if self.over.is_set():
                    break
                # What failed is asked again with the same token.
                answer = self.token(http, "refresh", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, BASIC)
                if answer:
                    tokens = answer
                    self.count("refresh")
                # Steady rather than as fast as it goes: each token is checked in the end.
                time.sleep(0.05)

    def visit_on(self, name):
        with session() as http:
            number = 0
            while not self.over.is_set():
                if tokens := self.sign_in(http, name):
                    number += 1
                    self.refresh[name, number] = tokens["refresh_token"]
                    self.count("visit")
                # Fewer than the sessions that a person may have.
                time.sleep(0.3)

    def serve_on(self, name):
        with session() as http:
            while not self.over.is_set():
                if not (tokens := self.token(http, "service", SERVICE, SERVICE_BASIC)):
                    continue
                self.count("service")
                active = self.is_active(http, tokens["access_token"])
                if active is False:
                    self.complain("introspect", "inactive")
                elif active:
                    self.count("introspect")
                self.ask(http, "keys", "GET", "/oauth2/jwks")
                self.ask(http, "discovery", "GET", "/.well-known/openid-configuration")
                time.sleep(0.05)

    def check(self, windows, deaths=()):
        """No answered token is lost, and failures are 503 and lie in one of the windows of (from, to) seconds.

        A node that is killed (`deaths`) may have made or redeemed a code without answering: the balancer asks the other node, and
        either is done once. So whoever is signing in then has to begin anew, once.
        """
        def is_within(failure, spans):
            return any(start <= failure[0] <= end for start, end in spans)

        unanswered = [
            each for each in self.failures
            if "_on-" in each[1] and each[2] in ("invalid_grant", ANSWERED) and is_within(each, deaths)
        ]
        assert len({each[1] for each in unanswered}) == len(unanswered) or len(deaths) > 1, unanswered
        outside = [each for each in self.failures if each not in unanswered and not (each[2] == 503 and is_within(each, windows))]
        assert not outside, (len(outside), outside[:5])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            lost = sum(pool.map(self.count_lost, [self.access[number::8] for number in range(8)]))
        assert not lost, f"{lost} of {len(self.access)} access tokens that were answered are not active"
        with session() as http:
            for token in self.refresh.values():
                data = {"grant_type": "refresh_token", "refresh_token": token}
                assert self.token(http, "refresh", data, BASIC), f"a refresh token that was answered is lost: {self.failures[-1]}"


def session():
    http = requests.Session()
    http.trust_env = False
    return http
