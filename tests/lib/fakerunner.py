"""A runner that does nothing but what the test tells it: the runner protocol, call by call."""

import io
import zipfile
import zlib

from penstock import wait_until

FEATURES = {
    "trace_reset": True, "trace_checksum": True, "trace_size": True, "cancelable": True,
    "artifacts": True, "upload_multiple_artifacts": True, "upload_raw_artifacts": True, "refspecs": True,
    "masking": True, "raw_variables": True, "artifacts_exclude": True, "multi_build_steps": True,
    "return_exit_code": True, "variables": True, "shared": True,
}
SYSTEM_ID = "s_0123456789ab"


def zipped(files):
    """The bytes of a zip archive of {path: text or bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


class Job:
    """A job in the runner's hands."""

    def __init__(self, runner, payload):
        self.runner = runner
        self.payload = payload
        self.id = payload["id"]
        self.token = payload["token"]
        self.name = payload["job_info"]["name"]
        self.written = b""

    def variable(self, key):
        for variable in reversed(self.payload["variables"]):
            if variable["key"] == key:
                return variable["value"]
        return None

    def patch_trace(self, data, start=None, **headers):
        """One PATCH of the log at `start` (default: where the last one ended)."""
        start = len(self.written) if start is None else start
        return self.runner.api.patch(
            f"/jobs/{self.id}/trace", token=None, data=data,
            headers={"JOB-TOKEN": self.token, "Content-Type": "text/plain",
                     "Content-Range": f"{start}-{start + len(data) - 1}", **headers})

    def write(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        answer = self.patch_trace(data)
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
        self.written += data
        return answer

    def update(self, state, **more):
        output = {"checksum": f"crc32:{zlib.crc32(self.written):08x}", "bytesize": len(self.written)}
        return self.runner.api.put(
            f"/jobs/{self.id}", token=None, headers={"JOB-TOKEN": self.token},
            json={"token": self.token, "state": state, "output": output, "info": self.runner.info, **more})

    def upload(self, data, name="artifacts.zip", **query):
        return self.runner.api.post(
            f"/jobs/{self.id}/artifacts", token=None, headers={"JOB-TOKEN": self.token}, params=query,
            files={"file": (name, data, "application/octet-stream")})

    def succeed(self):
        answer = self.update("success")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"

    def fail(self, reason="script_failure", exit_code=1):
        answer = self.update("failed", failure_reason=reason, exit_code=exit_code)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"


class FakeRunner:
    """Registers as a project runner (or instance runner, without a project) and asks for jobs."""

    def __init__(self, api, project_id=None, tags=(), run_untagged=True, features=()):
        scope = {"runner_type": "project_type", "project_id": project_id} if project_id else \
                {"runner_type": "instance_type"}
        made = api.make("/user/runners", **scope, tag_list=list(tags), run_untagged=run_untagged,
                        description="fake")
        self.api = api
        self.id = made["id"]
        self.token = made["token"]
        self.info = {
            "name": "gitlab-runner", "version": "18.5.0", "revision": "fake", "platform": "linux",
            "architecture": "amd64", "executor": "shell", "shell": "bash",
            "features": FEATURES | dict.fromkeys(features, True), "config": {"gpus": ""},
        }

    def ask(self, **more):
        """One POST /jobs/request, as the response."""
        return self.api.post("/jobs/request", token=None, headers={"RUNNER-TOKEN": self.token}, json={
            "token": self.token, "system_id": SYSTEM_ID, "info": self.info, **more})

    def try_take(self):
        """A job if there is one now, else None."""
        answer = self.ask()
        assert answer.status_code in (201, 204), f"{answer.status_code} {answer.text}"
        return Job(self, answer.json()) if answer.status_code == 201 else None

    def take(self, name=None):
        """The next job; it must be the one of that name, if one is given."""
        job = wait_until(self.try_take, f"a job ({name or 'any'}) for runner {self.id}")
        assert name is None or job.name == name, f"was given {job.name}, not {name}"
        return job

    def run_all(self, outcomes=None):
        """Takes and ends jobs until none is left. `outcomes` says which names fail."""
        names = []
        while (job := self.try_take()) is not None:
            names.append(job.name)
            job.write(f"this is {job.name}\n")
            if (outcomes or {}).get(job.name) == "failed":
                job.fail()
            else:
                job.succeed()
        return names
