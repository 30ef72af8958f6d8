"""Clients that make pipelines without a pause, and remember what they were told."""

import threading
from collections import Counter

import requests


class Creators:
    """`with Creators(project): ...`: threads that trigger pipelines for as long as the block runs."""

    def __init__(self, project, clients=4):
        self.project = project
        self.done = []           # ids of those that were made
        self.answers = Counter()  # status -> how often
        self.odd = []            # what nobody should see
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]
        self._lock = threading.Lock()

    def _run(self, number):
        api = self.project.api.as_user(None)
        body = {"token": self.project.trigger_token, "ref": "main",
                "variables": {"_PIPELINE_FILE_NAME": "full-ci.yml", "CLIENT": str(number)}}
        while not self._stop.is_set():
            try:
                answer = api.post(f"{self.project.at}/trigger/pipeline", json=body)
            except requests.RequestException as error:
                with self._lock:
                    self.odd.append(repr(error))
                continue
            with self._lock:
                self.answers[answer.status_code] += 1
                if answer.status_code == 201:
                    self.done.append(answer.json()["id"])
                elif answer.status_code != 503 or not answer.headers.get("Retry-After", "").isdigit():
                    self.odd.append((answer.status_code, dict(answer.headers), answer.text))
            if answer.status_code != 201:
                self._stop.wait(0.05)  # a client that minds Retry-After would wait longer

    def __enter__(self):
        assert self.project.trigger_token  # made before anything can go wrong
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def ids_of(project):
    """The ids of all pipelines of a project, each as often as it is listed."""
    found = []
    page = f"{project.at}/pipelines?per_page=100&order_by=id&sort=asc"
    while page:
        answer = project.api.get(page)
        assert answer.status_code == 200, answer.text
        found += [pipeline["id"] for pipeline in answer.json()]
        page = answer.links.get("next", {}).get("url")
    return found
