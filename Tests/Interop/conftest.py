import os
import pathlib

# oauthlib refuses http unless told; the issuer is this machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import pytest
import requests

from browser import Browser, Driver
from callback import Callback
from pages import Person
from server import Server


@pytest.fixture(scope="session")
def server():
    server = Server()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def metadata(server):
    return requests.get(server.issuer + "/.well-known/openid-configuration", timeout=60).json()


@pytest.fixture
def person(server):
    person = Person(server.issuer)
    yield person
    person.http.close()


@pytest.fixture(scope="session")
def callback_server(server):
    callback = Callback(server.callback_port)
    yield callback
    callback.stop()


@pytest.fixture
def callback(callback_server):
    callback_server.forget()
    return callback_server


@pytest.fixture(scope="session")
def driver():
    driver = Driver()
    yield driver
    driver.stop()


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def browser(driver, request):
    browser = Browser(driver, javascript=request.param)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def screenshots():
    here = pathlib.Path(__file__).parent / "screenshots"
    return pathlib.Path(os.environ.get("GATEHOUSE_TEST_SCREENSHOTS", here))
