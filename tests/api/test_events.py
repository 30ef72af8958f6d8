"""Every event in every state of a job: what is answered, and what becomes of the job.

Late, doubled and odd events change nothing.
"""

import pytest
from fakerunner import FakeRunner, zipped

CI = """\
stages: [first, work, last]
first: {stage: first, script: [x]}
work: {stage: work, script: [x], RULES}
last: {stage: last, script: [x]}
"""
RULES = {"manual": "when: manual, allow_failure: false", "scheduled": "when: delayed, start_in: 1 hour",
         "waiting_for_resource": "resource_group: place"}
STATES = ["created", "waiting_for_resource", "scheduled", "manual", "pending", "running", "canceling", "success", "failed",
          "canceled", "skipped", "retried"]
ENDED = ("success", "failed", "canceled", "retried")

# event: {state: (status of the answer, the job's status after it)}; a state that is not named answers the second of the
# pair `others` and stays as it is.
EVENTS = {
    "cancel": (201, dict.fromkeys(["created", "waiting_for_resource", "scheduled", "manual", "pending"], (201, "canceled")) |
               {"running": (201, "canceling")}),
    "force": (201, dict.fromkeys(["created", "waiting_for_resource", "scheduled", "manual", "pending", "canceling"],
                                 (201, "canceled")) | {"running": (201, "canceling")}),
    "retry": (403, dict.fromkeys(["success", "failed", "canceled", "canceling"], (201, None))),
    "play": (400, {"manual": (200, "pending"), "scheduled": (200, "pending")}),
    "erase": (403, dict.fromkeys(["success", "failed", "retried"], (201, None))),
    # From the runner that has the job, or had it.
    "report running": (403, {"running": (200, None), "canceling": (200, None)}),
    "report success": (403, {"running": (200, "success"), "canceling": (200, "canceled")}),
    "report failed": (403, {"running": (200, "failed"), "canceling": (200, "canceled")}),
    "report pending": (403, {"running": (400, None), "canceling": (400, None)}),
    "report odd": (400, {}),
    "log": (403, {"running": (202, None), "canceling": (202, None)}),
    "artifacts": (403, {"running": (201, None), "canceling": (201, None)}),
}


@pytest.fixture
def place(project_factory):
    return lambda state: project_factory({"full-ci.yml": CI.replace(", RULES", f", {RULES[state]}" if state in RULES else "")})


class Held:
    """The job "work" in a state, and the runner's hold of it, where one has or had it."""

    def __init__(self, place, state):
        self.place, self.taken = place, None
        self.runner = FakeRunner(place.api, place.id, features=["cancel_gracefully"])
        if state == "waiting_for_resource":
            place.trigger()
            self.runner.take("first").succeed()
            self.runner.take("work")
        self.pipeline = place.trigger()["id"]
        self.id = place.jobs(self.pipeline)["work"]["id"]
        getattr(self, f"make_{state}")()
        shown = "failed" if state == "retried" else state
        assert self.status() == shown

    def status(self):
        return self.place.job(self.id)["status"]

    def make_created(self):
        pass

    def pass_first(self):
        self.runner.take("first").succeed()

    make_waiting_for_resource = make_scheduled = make_manual = make_pending = pass_first

    def make_running(self):
        self.make_pending()
        self.taken = self.runner.take("work")
        self.taken.write("log\n")

    def make_canceling(self):
        self.make_running()
        self.place.api.make(f"{self.place.at}/jobs/{self.id}/cancel")

    def make_success(self):
        self.make_running()
        self.taken.succeed()

    def make_failed(self):
        self.make_running()
        self.taken.fail()

    def make_canceled(self):
        self.place.api.make(f"{self.place.at}/jobs/{self.id}/cancel")

    def make_skipped(self):
        self.runner.take("first").fail()

    def make_retried(self):
        self.make_failed()
        self.place.api.make(f"{self.place.at}/jobs/{self.id}/retry")


def happen(held, event):
    kind, _, what = event.partition(" ")
    at = f"{held.place.at}/jobs/{held.id}"
    if kind == "force":
        return held.place.api.post(f"{at}/cancel", json={"force": True})
    if kind in ("cancel", "retry", "play", "erase"):
        return held.place.api.post(f"{at}/{kind}")
    if kind == "report":
        return held.taken.update(what)
    if kind == "log":
        return held.taken.patch_trace(b"more\n")
    return held.taken.upload(zipped({"a": "b"}))


def is_possible(event, state):
    """Who never had the job has no token to speak by."""
    return event.split()[0] not in ("report", "log", "artifacts") or \
        state in ("running", "canceling", "success", "failed", "retried")


@pytest.mark.parametrize("state", STATES)
def test_every_event(place, state):
    for event, (otherwise, named) in EVENTS.items():
        if not is_possible(event, state):
            continue
        held = Held(place(state), state)
        before = held.status()
        expected, after = named.get(state, (otherwise, None))
        answer = happen(held, event)
        assert answer.status_code == expected, f"{event} of a job that is {state}: {answer.status_code} {answer.text}"
        assert held.status() == (after or before), f"{event} of a job that is {state}"
        if expected == 403:
            again = happen(held, event)
            assert (again.status_code, held.status()) == (403, before), f"{event} of a job that is {state}, twice"
