"""Load on an HTTP server, by h2load over kept connections, and the processor time that a process takes."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Load:
    """What came back."""
    requests: int
    seconds: float
    times_ms: list  # sorted

    @property
    def rate(self):
        return self.requests / self.seconds

    def percentile_ms(self, percent):
        return self.times_ms[min(len(self.times_ms) - 1, int(len(self.times_ms) * percent / 100))]


def drive(url, paths, clients, seconds, *, headers=(), body=None, status=200, rate=None):
    """Sends requests for `paths` in turn from `clients` connections, one at a time each.

    `body`: a file to POST. `rate`: requests a second in all, where they are not to come as fast as they can.
    Any answer but `status` is an error: a refusal is quicker than the work."""
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        log = Path(folder, "log")
        uris = Path(folder, "uris")
        uris.write_text("".join(f"{url}{path}\n" for path in paths))
        command = ["h2load", "--h1", "-t", "1", "-c", str(clients), "-D", f"{seconds * 1000:.0f}ms",
                   "-i", str(uris), f"--log-file={log}", *(f"-H{header}" for header in headers)]
        if body:
            command += ["-d", str(body)]
        if rate:
            command += [f"--rps={rate / clients:g}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return read_log(log, status, " ".join(paths))


def read_log(log, status, what):
    """h2load's log: start in microseconds, status, duration in microseconds; -1 is what the end cut off."""
    rows = [tuple(map(int, line.split("\t")[:3])) for line in log.read_text().splitlines()]
    rows = [row for row in rows if row[1] != -1]
    others = sorted({row[1] for row in rows} - {status})
    if others or not rows:
        raise RuntimeError(f"{what}: answers {others or 'none'}, not {status}")
    start = min(row[0] for row in rows)
    end = max(row[0] + row[2] for row in rows)
    return Load(len(rows), (end - start) / 1e6, sorted(row[2] / 1000 for row in rows))


def cpu_seconds(pid):
    """User and system time that a process, its children and those it has waited for have taken."""
    total = own_ticks(pid, ended_children=True)
    for entry in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += own_ticks(entry)
    return total / TICK


def own_ticks(pid, ended_children=False):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:  # it has just ended
        return 0
    return sum(map(int, fields[11:15] if ended_children else fields[11:13]))


class Cpu:
    """with Cpu(pid, ...) as cpu: ...; cpu.seconds: what these took meanwhile, one figure each."""

    def __init__(self, *pids):
        self.pids = pids
        self.seconds = []

    def __enter__(self):
        self._before = [cpu_seconds(pid) for pid in self.pids]
        return self

    def __exit__(self, *_):
        self.seconds = [cpu_seconds(pid) - before for pid, before in zip(self.pids, self._before)]
