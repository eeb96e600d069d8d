"""An OpenID provider that we did not write: Authlib's authorization server, in a thread, with one person and one client."""

import secrets
import threading
import time
import types

import flask
from authlib.common.security import generate_token
from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode as AuthlibOpenIDCode
from authlib.oidc.core import UserInfo
from authlib.oidc.core.models import AuthorizationCodeMixin
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

PAGE = """<!doctype html><title>Authlib</title><h1 id="upstream">Authlib</h1>
<form method="post"><input id="login" name="login" value="{hint}"><button id="upstream-sign-in" name="go" value="yes">Sign in</button>
<button id="upstream-deny" name="go" value="no">Deny</button></form>"""


class Client(ClientMixin):
    """Registered once, for the server under test."""

    client_id = "gatehouse"
    client_secret = "authlib-secret-of-at-least-32-characters"

    def __init__(self, redirect_uri):
        self.redirect_uri = redirect_uri

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return self.redirect_uri

    def get_allowed_scope(self, scope):
        return " ".join(word for word in scope.split() if word in ("openid", "profile", "email", "offline_access"))

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(client_secret, self.client_secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token")


class Code(types.SimpleNamespace, AuthorizationCodeMixin):
    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return self.auth_time


class Token(types.SimpleNamespace, TokenMixin):
    def check_client(self, client):
        return client.client_id == self.client_id

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return self.expires_in

    def is_expired(self):
        return time.time() > self.issued_at + self.expires_in

    def is_revoked(self):
        return self.revoked

    def get_user(self):
        return self.user

    def get_client(self):
        return self.client


class AuthlibProvider:
    """`http://127.0.0.1:port`, with discovery, JWKS, a sign-in page, code flow with PKCE, refresh tokens and userinfo."""

    def __init__(self, port, redirect_uri):
        self.issuer = f"http://127.0.0.1:{port}"
        self.client = Client(redirect_uri)
        self.key = RSAKey.generate_key(2048, parameters={"kid": "first", "use": "sig", "alg": "RS256"})
        self.codes, self.tokens, self.asked = {}, [], []
        self.app = flask.Flask(__name__)
        self.authorization = AuthorizationServer(self.app, self.query_client, self.save_token)
        self.reset()

        def new_token(client, grant_type, user, scope):
            return generate_token(42)

        self.authorization.register_token_generator(
            "default", BearerTokenGenerator(new_token, new_token, lambda client, grant_type: self.lifetime)
        )
        self.register_grants()
        self.register_routes()
        self.server = make_server("127.0.0.1", port, self.app, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def query_client(self, client_id):
        return self.client if client_id == self.client.client_id else None

    def save_token(self, token, request):
        values = {"refresh_token": None, "scope": ""} | token
        self.tokens.append(
            Token(**values, client_id=request.client.client_id, client=request.client, user=request.user, issued_at=time.time(), revoked=False)
        )

    def reset(self):
        """As it was in the beginning, but for what it has issued."""
        self.person = UserInfo(sub="authlib-1815", name="Ada at Authlib", email="ada@authlib.example", email_verified=True)
        self.lifetime = 3600

    def register_grants(self):
        provider = self

        class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

            def save_authorization_code(self, code, request):
                data = request.payload.data
                provider.codes[code] = Code(
                    code=code, redirect_uri=request.payload.redirect_uri, scope=request.payload.scope or "", nonce=data.get("nonce"),
                    code_challenge=data.get("code_challenge"), code_challenge_method=data.get("code_challenge_method"),
                    auth_time=int(time.time()), user=request.user,
                )

            def query_authorization_code(self, code, client):
                return provider.codes.get(code)

            def delete_authorization_code(self, authorization_code):
                provider.codes.pop(authorization_code.code, None)

            def authenticate_user(self, authorization_code):
                return authorization_code.user

        class RefreshTokenGrant(grants.RefreshTokenGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]
            INCLUDE_NEW_REFRESH_TOKEN = True

            def authenticate_refresh_token(self, refresh_token):
                return next((token for token in provider.tokens if token.refresh_token == refresh_token and not token.revoked), None)

            def authenticate_user(self, refresh_token):
                return refresh_token.user

            def revoke_old_credential(self, refresh_token):
                refresh_token.revoked = True

        class OpenIDCode(AuthlibOpenIDCode):
            def exists_nonce(self, nonce, request):
                return any(code.nonce == nonce for code in provider.codes.values())

            def resolve_client_private_key(self, client):
                return KeySet([provider.key])

            def get_client_claims(self, client):
                return {"iss": provider.issuer, "aud": [client.client_id]}

            def generate_user_info(self, user, scope):
                return user.filter(scope)

        self.authorization.register_grant(AuthorizationCodeGrant, [OpenIDCode(require_nonce=True), CodeChallenge(required=True)])
        self.authorization.register_grant(RefreshTokenGrant)

    def register_routes(self):
        app, provider = self.app, self

        class Validator(BearerTokenValidator):
            def authenticate_token(self, token_string):
                return next((token for token in provider.tokens if token.access_token == token_string), None)

        protector = ResourceProtector()
        protector.register_token_validator(Validator())

        @app.get("/.well-known/openid-configuration")
        def discovery():
            return {
                "issuer": self.issuer,
                "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token",
                "userinfo_endpoint": self.issuer + "/userinfo",
                "jwks_uri": self.issuer + "/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }

        @app.get("/keys")
        def keys():
            return KeySet([self.key]).as_dict(private=False)

        @app.route("/authorize", methods=["GET", "POST"])
        def authorize():
            self.asked.append(dict(flask.request.args))
            grant = self.authorization.get_consent_grant(end_user=self.person)
            if flask.request.method == "GET":
                return PAGE.format(hint="")
            granted = self.person if flask.request.form["go"] == "yes" else None
            return self.authorization.create_authorization_response(grant_user=granted, grant=grant)

        @app.post("/token")
        def token():
            return self.authorization.create_token_response()

        @app.get("/userinfo")
        @protector()
        def userinfo():
            from authlib.integrations.flask_oauth2 import current_token

            return current_token.user.filter(current_token.scope)
