"""A relying party's redirect address: remembers what the browser brought, can show a page of its own, and send
the browser on to another origin (`/onward`)."""

import http.server
import queue
import threading
import urllib.parse

from server import PATIENCE_SECONDS


class Callback:
    def __init__(self, port):
        self.arrivals = queue.Queue()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.arrive(urllib.parse.urlsplit(self.path).query)

            def do_POST(self):
                length = min(int(self.headers.get("Content-Length", "0")), 65536)
                self.arrive(self.rfile.read(length).decode())

            def arrive(self, text):
                path = urllib.parse.urlsplit(self.path).path
                if path == "/onward":
                    self.send_response(302)
                    self.send_header("Location", f"http://localhost:{port}/back?{text}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if path == "/back":
                    parameters = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
                    owner.arrivals.put((self.command, parameters))
                body = b"<!doctype html><title>before</title><h1 id=arrived>Back</h1><script>document.title='scripted'</script>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def forget(self):
        """What came and nobody asked for."""
        while not self.arrivals.empty():
            self.arrivals.get_nowait()

    def next(self):
        """(method, parameters) of the next arrival."""
        return self.arrivals.get(timeout=PATIENCE_SECONDS)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
