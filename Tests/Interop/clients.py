"""The demo settings' clients, as third-party libraries see them."""

import secrets

from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

RESOURCE = "https://api.demo.example"
DEMO = ("demo", "demo-secret")
SERVICE = ("demo-service", "demo-service-secret")
BASIC = HTTPBasicAuth(*DEMO)
SERVICE_BASIC = HTTPBasicAuth(*SERVICE)
SCOPES = ["openid", "profile", "email", "address", "phone", "offline_access", "notes:read"]


def demo_client(server, scopes=SCOPES):
    session = OAuth2Session("demo", redirect_uri=server.callback, scope=scopes, pkce="S256")
    session.trust_env = False
    return session


def tokens_for(person, server, metadata, scopes=SCOPES, **parameters):
    """A whole code flow by requests-oauthlib: (session with its tokens, nonce)."""
    client = demo_client(server, scopes)
    nonce = secrets.token_urlsafe(16)
    address, _ = client.authorization_url(metadata["authorization_endpoint"], nonce=nonce, **parameters)
    client.fetch_token(metadata["token_endpoint"], authorization_response=person.authorize(address), auth=BASIC)
    return client, nonce
