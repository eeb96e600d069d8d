"""Headless Chromium through chromedriver's own HTTP (W3C WebDriver): what we need of it in a page of code."""

import base64
import os
import re
import shutil
import subprocess
import tempfile

import requests

from server import PATIENCE_SECONDS, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Driver:
    """One chromedriver process for the run."""

    def __init__(self):
        program = shutil.which("chromedriver")
        assert program, "chromedriver is missing; scripts/install-missing test installs it"
        self.process = subprocess.Popen([program, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                self.base = f"http://127.0.0.1:{found[1]}"
                break
        else:
            raise RuntimeError("chromedriver did not start")
        self.http = requests.Session()
        self.http.trust_env = False

    def call(self, method, path, body=None):
        answer = self.http.request(method, self.base + path, json=body, timeout=180)
        value = answer.json()["value"]
        if not answer.ok:
            raise WebDriverError(value.get("error"), value.get("message", "").split("\n")[0])
        return value

    def stop(self):
        self.http.close()
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_SECONDS)
        self.process.stdout.close()


class WebDriverError(Exception):
    pass


class Browser:
    def __init__(self, driver, javascript=True):
        self.driver = driver
        self.javascript = javascript
        self.profile = tempfile.mkdtemp(prefix="gatehouse-chromium-")
        arguments = [
            "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--no-first-run",
            "--window-size=1120,900", "--hide-scrollbars", f"--user-data-dir={self.profile}",
            "--disable-background-networking", "--disable-component-update",
        ]
        if os.getuid() == 0:
            arguments.append("--no-sandbox")  # Chromium's sandbox refuses root.
        options = {"args": arguments}
        if not javascript:
            options["prefs"] = {"profile.default_content_setting_values.javascript": 2}
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = driver.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def call(self, method, path, body=None):
        return self.driver.call(method, f"/session/{self.session}{path}", body)

    def open(self, address):
        self.call("POST", "/url", {"url": address})

    @property
    def address(self):
        return self.call("GET", "/url")

    @property
    def title(self):
        return self.call("GET", "/title")

    def find(self, element_id):
        """The element, waiting for it as a person would."""
        return self.wait_until(lambda: self.seek(element_id), f"#{element_id} on {self.address}")

    def seek(self, element_id):
        try:
            found = self.call("POST", "/element", {"using": "css selector", "value": f"#{element_id}"})
            return found[ELEMENT]
        except WebDriverError:
            return None

    def wait_until(self, condition, what):
        return wait_until(condition, what)

    def act(self, element_id, action):
        """Does something with the element; once more where the page went away, or had not been laid out, under our hands."""
        def attempt():
            try:
                return [action(self.find(element_id))]
            except WebDriverError as error:
                if error.args[0] not in ("stale element reference", "element not interactable"):
                    raise
                return None

        return self.wait_until(attempt, f"#{element_id} to stand still")[0]

    def type(self, element_id, text):
        def replace(element):
            self.call("POST", f"/element/{element}/clear", {})
            self.call("POST", f"/element/{element}/value", {"text": text})

        self.act(element_id, replace)

    def press(self, element_id):
        self.act(element_id, lambda element: self.call("POST", f"/element/{element}/click", {}))

    def text(self, element_id):
        return self.act(element_id, lambda element: self.call("GET", f"/element/{element}/text"))

    def focused(self):
        """The id of the element; None where it has none, or has just gone away."""
        try:
            element = self.call("GET", "/element/active")[ELEMENT]
            return self.call("GET", f"/element/{element}/attribute/id")
        except WebDriverError:
            return None

    def wait_for_focus(self, element_id):
        """The page gives it when it is drawn, which is after it has been loaded."""
        self.wait_until(lambda: self.focused() == element_id, f"#{element_id} to have the focus")

    def key(self, code):
        actions = [{"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def new_tab(self):
        handle = self.call("POST", "/window/new", {"type": "tab"})["handle"]
        self.switch(handle)
        return handle

    def switch(self, handle):
        self.call("POST", "/window", {"handle": handle})

    @property
    def tab(self):
        return self.call("GET", "/window")

    def command(self, name, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def prefer(self, scheme):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def narrow(self):
        """The width of a telephone."""
        self.command("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)

    def widen(self):
        self.command("Emulation.clearDeviceMetricsOverride")

    def complaints(self):
        """What the browser held against the pages: refused by the Content-Security-Policy, errors of scripts."""
        entries = self.call("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def screenshot(self, path):
        """The whole page, however long."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def portraits(self, folder, name):
        """The page by day, by night and on a telephone, where nothing may stick out sideways."""
        self.screenshot(folder / f"{name}.png")
        self.prefer("dark")
        self.screenshot(folder / f"{name}-dark.png")
        self.prefer("light")
        self.narrow()
        self.screenshot(folder / f"{name}-narrow.png")
        size = self.command("Page.getLayoutMetrics")
        self.widen()
        assert size["cssContentSize"]["width"] <= 390, f"{name} is wider than a telephone: {size['cssContentSize']['width']} px"

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)
