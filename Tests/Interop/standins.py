"""Stand-ins that replay the documented answers of services which can't be asked in a test: GitHub's and Google's.

Field names and forms of errors are those of the documentation:
https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps,
https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors,
https://docs.github.com/en/rest/users/users, https://docs.github.com/en/rest/users/emails,
https://developers.google.com/identity/openid-connect/openid-connect.
"""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

PAGE = """<!doctype html><title>{name}</title><h1 id="upstream">{name}</h1><form method="post" action="{action}">
<button id="upstream-sign-in" name="go" value="yes">Continue</button><button id="upstream-deny" name="go" value="no">Cancel</button></form>"""


class StandIn:
    """A service on `http://127.0.0.1:port` whose answers its subclass writes, and what it can be made to do wrong.

    `mood` is one of: None (as documented), "slow", "rubbish", "broken" (500), "huge".
    """

    name = "Service"

    def __init__(self, port):
        self.issuer = f"http://127.0.0.1:{port}"
        self.client_id, self.client_secret = "gatehouse-id", "stand-in-secret-of-at-least-32-characters"
        self.codes, self.requests, self.mood = {}, [], None
        self.slow_seconds = 15
        self.stopped = threading.Event()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.dispatch("GET", "")

            def do_POST(self):
                length = min(int(self.headers.get("Content-Length", "0")), 65536)
                self.dispatch("POST", self.rfile.read(length).decode())

            def dispatch(self, method, body):
                parts = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
                form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
                owner.requests.append((method, parts.path, query, form, dict(self.headers)))
                is_machine = parts.path not in owner.pages
                if is_machine and owner.mood == "slow":
                    owner.stopped.wait(owner.slow_seconds)
                if is_machine and owner.mood == "rubbish":
                    return self.answer(200, b"<!doctype html><title>Sorry</title>\xff\xfe{{", "application/json")
                if is_machine and owner.mood == "broken":
                    return self.answer(500, b"oops", "text/plain")
                if is_machine and owner.mood == "huge":
                    return self.answer(200, b'{"keys":[' + b" " * 10_000_000 + b"]}", "application/json")
                owner.respond(self, method, parts.path, query, form)

            def json(self, status, value):
                self.answer(status, json.dumps(value).encode(), "application/json; charset=utf-8")

            def redirect(self, address, **parameters):
                self.answer(302, b"", "text/html", [("Location", address + "?" + urllib.parse.urlencode(parameters))])

            def answer(self, status, body, content_type, more=()):
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", content_type)
                    self.send_header("Content-Length", str(len(body)))
                    for name, value in more:
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # Who asked has gone away.

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    pages = ()

    def reset(self):
        """As it was in the beginning, but for what it has issued and published."""
        self.mood, self.token_error = None, None

    def sign_in_page(self, handler, path, query):
        action = path + "?" + urllib.parse.urlencode(query)
        handler.answer(200, PAGE.format(name=self.name, action=action.replace("&", "&amp;")).encode(), "text/html; charset=utf-8")

    def new_code(self, query):
        code = secrets.token_hex(10)
        self.codes[code] = query
        return code

    def verifies(self, query, form):
        """RFC 7636 §4.6, where a challenge was sent."""
        challenge = query.get("code_challenge")
        if challenge is None:
            return True
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge

    def asked(self, path):
        return [request for request in self.requests if request[1] == path]

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class GitHub(StandIn):
    """An OAuth app's view of github.com and api.github.com, on one address."""

    name = "GitHub"
    pages = ("/login/oauth/authorize",)
    errors_at = "/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#"

    def __init__(self, port):
        super().__init__(port)
        self.reset()
        self.tokens = {}
        self.expires_in = None
        self.user = {
            "login": "octocat", "id": 583231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "avatar_url": self.issuer + "/images/error/octocat_happy.gif",
            "gravatar_id": "", "url": self.issuer + "/users/octocat", "html_url": self.issuer + "/octocat", "type": "User", "site_admin": False,
            "name": "monalisa octocat", "company": "GitHub", "blog": "https://blog.example/", "location": "San Francisco", "email": None,
            "hireable": None, "bio": "There once was...", "twitter_username": None, "public_repos": 2, "public_gists": 1, "followers": 20,
            "following": 0, "created_at": "2008-01-14T04:33:35Z", "updated_at": "2008-01-14T04:33:35Z",
        }
        self.emails = [
            {"email": "octocat@old.example", "verified": True, "primary": False, "visibility": None},
            {"email": "octocat@github.example", "verified": True, "primary": True, "visibility": "private"},
            {"email": "octocat@unproven.example", "verified": False, "primary": False, "visibility": None},
        ]

    def respond(self, handler, method, path, query, form):
        if path == "/login/oauth/authorize":
            if method == "GET":
                return self.sign_in_page(handler, path, query)
            if form.get("go") != "yes":
                return handler.redirect(
                    query["redirect_uri"], error="access_denied", error_description="The user has denied your application access.",
                    error_uri="/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/#access-denied", state=query["state"],
                )
            return handler.redirect(query["redirect_uri"], code=self.new_code(query), state=query["state"])
        if path == "/login/oauth/access_token" and method == "POST":
            return self.token(handler, form)
        bearer = handler.headers.get("Authorization", "")
        # "All API requests must include a valid User-Agent header."
        if not handler.headers.get("User-Agent"):
            return handler.answer(403, b"Request forbidden by administrative rules.", "text/html")
        if bearer.removeprefix("Bearer ") not in self.tokens:
            return handler.json(
                401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}
            )
        if path == "/user":
            return handler.json(200, self.user)
        if path == "/user/emails" and "user:email" in self.tokens[bearer.removeprefix("Bearer ")]:
            return handler.json(200, self.emails)
        handler.json(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})

    def token(self, handler, form):
        """Errors come with status 200; without `Accept: application/json` everything comes as a form."""
        error = self.token_error
        asked = self.codes.pop(form.get("code"), None)
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            error = ("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
        elif form.get("grant_type") == "refresh_token":
            asked = {"scope": "read:user user:email"} if form.get("refresh_token") in self.tokens else None
        if not error and (asked is None or not self.verifies(asked, form)):
            error = ("bad_verification_code", "The code passed is incorrect or expired.")
        if error:
            value = {
                "error": error[0], "error_description": error[1], "error_uri": self.errors_at + error[0].replace("_", "-"),
            }
        else:
            scope = ",".join(asked.get("scope", "").split())
            value = {"access_token": "gho_" + secrets.token_hex(18), "scope": scope, "token_type": "bearer"}
            self.tokens[value["access_token"]] = scope
            if self.expires_in is not None:
                refresh = "ghr_" + secrets.token_hex(38)
                self.tokens[refresh] = scope
                value |= {"expires_in": self.expires_in, "refresh_token": refresh, "refresh_token_expires_in": 15897600}
        if "application/json" in handler.headers.get("Accept", ""):
            return handler.json(200, value)
        handler.answer(200, urllib.parse.urlencode(value).encode(), "application/x-www-form-urlencoded; charset=utf-8")


class Google(StandIn):
    """accounts.google.com, oauth2.googleapis.com and openidconnect.googleapis.com, on one address."""

    name = "Google"
    pages = ("/o/oauth2/v2/auth",)

    def __init__(self, port):
        super().__init__(port)
        self.keys, self.published = {}, []
        self.add_key("b2620d5e7f132b52afe8875cdf3776c064249d04")
        self.add_key("a50f6e70ef4b548a5fd9142eecd1fb8f54dce9ee")
        self.reset()

    def reset(self):
        super().reset()
        self.signing_key = "a50f6e70ef4b548a5fd9142eecd1fb8f54dce9ee"
        self.claims = {
            "sub": "110169484474386276334", "email": "ada@gmail.example", "email_verified": True, "name": "Ada Lovelace",
            "picture": self.issuer + "/a/photo=s96-c", "given_name": "Ada", "family_name": "Lovelace",
        }

    def add_key(self, key_id, is_published=True):
        self.keys[key_id] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if is_published:
            self.published.append(key_id)

    def respond(self, handler, method, path, query, form):
        if path == "/.well-known/openid-configuration":
            return handler.json(200, self.metadata())
        if path == "/oauth2/v3/certs":
            return handler.json(200, {"keys": [self.jwk(key_id) for key_id in self.published]})
        if path == "/o/oauth2/v2/auth":
            if method == "GET":
                return self.sign_in_page(handler, path, query)
            if form.get("go") != "yes":
                return handler.redirect(query["redirect_uri"], error="access_denied", state=query["state"])
            return handler.redirect(
                query["redirect_uri"], state=query["state"], code=self.new_code(query), scope="email profile openid", authuser="0", prompt="none"
            )
        if path == "/token" and method == "POST":
            return self.token(handler, form)
        handler.json(404, {"error": {"code": 404, "message": "Not Found", "status": "NOT_FOUND"}})

    def token(self, handler, form):
        asked = self.codes.pop(form.get("code"), None)
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return handler.json(401, {"error": "invalid_client", "error_description": "The OAuth client was not found."})
        if self.token_error or asked is None or not self.verifies(asked, form):
            return handler.json(400, {"error": self.token_error or "invalid_grant", "error_description": "Bad Request"})
        access_token = "ya29." + secrets.token_urlsafe(64)
        now = int(time.time())
        claims = {
            "iss": self.issuer, "azp": self.client_id, "aud": self.client_id, "iat": now, "exp": now + 3600,
            "at_hash": base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode(),
        } | self.claims
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        handler.json(
            200,
            {
                "access_token": access_token, "expires_in": 3599,
                "scope": "https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid",
                "token_type": "Bearer",
                "id_token": jwt.encode(claims, self.keys[self.signing_key], algorithm="RS256", headers={"kid": self.signing_key}),
            },
        )

    def metadata(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/o/oauth2/v2/auth",
            "device_authorization_endpoint": self.issuer + "/device/code",
            "token_endpoint": self.issuer + "/token",
            "userinfo_endpoint": self.issuer + "/v1/userinfo",
            "revocation_endpoint": self.issuer + "/revoke",
            "jwks_uri": self.issuer + "/oauth2/v3/certs",
            "response_types_supported": ["code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token", "none"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": [
                "aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture", "sub",
            ],
            "code_challenge_methods_supported": ["plain", "S256"],
            "grant_types_supported": [
                "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
            ],
        }

    def jwk(self, key_id):
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.keys[key_id].public_key()))
        return {name: jwk[name] for name in ("kty", "n", "e")} | {"kid": key_id, "use": "sig", "alg": "RS256"}
