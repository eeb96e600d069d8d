"""A Django site whose people may sign in elsewhere with it: django-oauth-toolkit as it comes, with pages without a style sheet.

    python django_site.py PORT FOLDER REDIRECT_URI CLIENT_ID CLIENT_SECRET
"""

import os
import secrets
import sys

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

# (username, password, given name, family name, e-mail address)
PEOPLE = [
    ("maria", "surfaces-of-hyperbolic", "Maryam", "Mirzakhani", "maryam@django.example"),
    ("emmy", "symmetries-conserve", "Emmy", "Noether", "emmy@django.example"),
]

LOGIN = """<!doctype html><title>Django</title><h1 id="upstream">Django</h1><form method="post">{% csrf_token %}
<input id="upstream-username" name="username"><input id="upstream-password" name="password" type="password">
<button id="upstream-sign-in">Sign in</button><input type="hidden" name="next" value="{{ next }}"></form>"""

CONSENT = """<!doctype html><title>Django</title><h1 id="upstream">{{ application.name }}</h1><form method="post">{% csrf_token %}
{% for field in form %}{% if field.is_hidden %}{{ field }}{% endif %}{% endfor %}<ul>{% for scope in scopes_descriptions %}<li>{{ scope }}</li>{% endfor %}</ul>
<button id="upstream-deny">Cancel</button><button id="upstream-allow" name="allow" value="Authorize">Authorize</button></form>"""


def configure(folder):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pages = {"registration/login.html": LOGIN, "oauth2_provider/authorize.html": CONSENT}
    settings.configure(
        SECRET_KEY=secrets.token_urlsafe(50),
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="__main__",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.locmem.Loader", pages)],
                "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"],
            },
        }],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder, "site.sqlite3")}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGIN_URL="/login",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": pem.decode(),
            "SCOPES": {"openid": "Know who you are", "profile": "Your name", "email": "Your e-mail address"},
            "OAUTH2_VALIDATOR_CLASS": "__main__.validator",
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
        },
    )
    django.setup()


def validator(*arguments, **options):
    """Its own, with the claims that a site has to name itself."""
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class Validator(OAuth2Validator):
        def get_additional_claims(self, request):
            person = request.user
            return {
                "name": person.get_full_name(), "given_name": person.first_name, "family_name": person.last_name,
                "preferred_username": person.username, "email": person.email, "email_verified": True,
            }

    return Validator(*arguments, **options)


def fill(redirect_uri, client_id, client_secret):
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for username, password, first_name, last_name, email in PEOPLE:
        User.objects.create_user(username, email, password, first_name=first_name, last_name=last_name)
    Application.objects.create(
        name="Gatehouse", client_id=client_id, client_secret=client_secret, redirect_uris=redirect_uri, algorithm="RS256",
        client_type=Application.CLIENT_CONFIDENTIAL, authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
    )


def serve(port):
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    server.serve_forever()


if __name__ == "__main__":
    port, folder, *client = sys.argv[1:]
    # oauthlib refuses http unless told.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    configure(folder)

    from django.contrib.auth.views import LoginView
    from django.urls import include, path

    urlpatterns = [path("login", LoginView.as_view()), path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
    fill(*client)
    serve(int(port))
