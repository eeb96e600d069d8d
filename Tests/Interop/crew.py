"""Threads that do the same over and over until they are told to stop, and count their rounds."""

import threading
import time

from server import PATIENCE_SECONDS


class Crew:
    def __init__(self, rounds, **works):
        """`rounds`: the names of what is counted. `works`: a method's name and how many threads run it; each gets its own name."""
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.rounds = dict.fromkeys(rounds, 0)
        self.threads = [
            threading.Thread(target=self.keep, args=(getattr(self, work), f"{work}-{number}"))
            for work, count in works.items() for number in range(count)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *arguments):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def keep(self, work, name):
        try:
            work(name)
        except Exception as error:
            self.complain(name, repr(error))

    def complain(self, what, problem):
        raise NotImplementedError

    def complaints(self):
        raise NotImplementedError

    def count(self, what):
        with self.lock:
            self.rounds[what] += 1

    def wait_for_more(self, seconds=PATIENCE_SECONDS, **wanted):
        """Until so many more rounds have been counted, or somebody has stopped the work."""
        with self.lock:
            goal = {name: self.rounds[name] + count for name, count in wanted.items()}
        deadline = time.monotonic() + seconds
        while any(self.rounds[name] < count for name, count in goal.items()):
            if self.over.is_set():
                return
            assert time.monotonic() < deadline, f"{self.rounds} never reached {goal}: {self.complaints()}"
            time.sleep(0.02)
