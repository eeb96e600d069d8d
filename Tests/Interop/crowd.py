"""People and applications that keep on signing in and refreshing while the ground shakes, and remember every answer."""

import time

import requests

from clients import BASIC, SERVICE_BASIC, demo_client
from crew import Crew
from pages import Person, Unavailable, query_of


# What went unanswered is asked again when the server is back, which may take a slow machine longer than the usual 30 s.
PATIENT = {"GATEHOUSE_TOKENS_GRACE": "5m"}


class Crowd(Crew):
    def __init__(self, server, refreshers=3, visitors=2):
        super().__init__(("refresh", "visit", "revoke", "unanswered"), refresh_on=refreshers, visit_on=visitors)
        self.server = server
        # What was answered: access tokens of living grants, the last refresh token of each, and tokens whose revocation was confirmed.
        self.access, self.refresh, self.revoked = [], {}, []
        self.problems = []

    def complain(self, what, problem):
        self.problems.append(f"{what}: {problem}")
        # Whoever waits for more rounds need not wait on.
        self.over.set()

    def complaints(self):
        return self.problems[:5]

    def post(self, path, data):
        """The answer; None when there was none or it was a 503, as the caller then doesn't know what happened."""
        try:
            answer = self.server.post(path, data, BASIC)
        except requests.RequestException:
            answer = None
        if answer is None or answer.status_code == 503:
            self.count("unanswered")
            time.sleep(0.05)
            return None
        if answer.status_code != 200:
            self.complain(f"{path} {data.get('grant_type', '')}", f"{answer.status_code} {answer.text}")
        return answer

    def sign_in(self):
        """(client, tokens) of a whole code flow; None when a part of it went unanswered."""
        person = Person(self.server.issuer)
        client = demo_client(self.server)
        address, _ = client.authorization_url(self.server.issuer + "/oauth2/authorize")
        try:
            code = query_of(person.authorize(address))["code"]
        except (requests.RequestException, Unavailable):
            self.count("unanswered")
            time.sleep(0.05)
            return None
        finally:
            person.http.close()
        request = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.server.callback, "code_verifier": client._code_verifier,
        }
        answer = self.post("/oauth2/token", request)
        return answer.json() if answer is not None and answer.ok else None

    def refresh_on(self, number):
        tokens = None
        while not self.over.is_set() and not tokens:
            tokens = self.sign_in()
        while tokens:
            self.access.append(tokens["access_token"])
            # The last one before anything else: after the grace window the one before it is worth nothing.
            self.refresh[number] = tokens["refresh_token"]
            if self.over.is_set():
                break
            # What went unanswered is asked again with the same token: it must be as if it had been asked once.
            answer = self.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
            if answer is None:
                continue
            if not answer.ok:
                break
            tokens = answer.json()
            self.count("refresh")

    def visit_on(self, number):
        visits = 0
        while not self.over.is_set():
            if not (tokens := self.sign_in()):
                continue
            visits += 1
            self.count("visit")
            if visits % 2 == 0:
                self.access.append(tokens["access_token"])
                self.refresh[number, visits] = tokens["refresh_token"]
            elif self.post("/oauth2/revoke", {"token": tokens["refresh_token"]}) is not None:
                self.revoked.append(tokens)
                self.count("revoke")

    def check(self):
        """Every token that was answered works, none that was refused does."""
        assert not self.problems, self.problems[:5]
        for token in self.access:
            assert self.is_active(token), "an access token that was answered is not active"
        for token in self.refresh.values():
            answer = self.server.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token}, BASIC)
            assert answer.status_code == 200, f"a refresh token that was answered: {answer.status_code} {answer.text}"
        for tokens in self.revoked:
            assert not self.is_active(tokens["access_token"]), "an access token is active after its revocation was confirmed"
            answer = self.server.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, BASIC)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    def is_active(self, token):
        return self.server.post("/oauth2/introspect", {"token": token}, SERVICE_BASIC).json()["active"]
