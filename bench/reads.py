"""Reads: processor time a request beside a canned body of the same size by the same HTTP library, and the mix."""

import subprocess

from load import Cpu, drive
from server import ROOT_TOKEN
from table import Goal, Row

CLIENTS = 8
MIX_CLIENTS = 32
MIX_RATE = 2000
TRACE_BYTES = 64 * 1024
LOG_LINE = b"17:03:11  12 of 40 OK created sql table model analytics.orders .... [SELECT 1841 in 0.42s]\n"
TOKEN = (f"PRIVATE-TOKEN: {ROOT_TOKEN}",)

# Of the processor time beside the canned body's.
GOALS = {"pipeline": 2.5, "job": 3.5, "list of 20 pipelines": 4.5, "trace of 64 kB": 1.5}


class Canned:
    """libmicrohttpd with ready answers: GET /0, /1 ..."""

    def __init__(self, program, folder, bodies):
        files = []
        for number, body in enumerate(bodies):
            files.append(folder / f"canned-{number}")
            files[-1].write_bytes(body)
        self.process = subprocess.Popen([program, "application/json", *files], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def prepare(world):
    """The paths to read: {kind: path}. One job has ended and left its log."""
    for _ in range(20):
        pipeline = world.trigger()
    job_id = world.run_job(log=(LOG_LINE * (TRACE_BYTES // len(LOG_LINE) + 1))[:TRACE_BYTES])
    project = f"/api/v4/projects/{world.project.id}"
    return {"pipeline": f"{project}/pipelines/{pipeline['id']}",
            "job": f"{project}/jobs/{job_id}",
            "list of 20 pipelines": f"{project}/pipelines?per_page=20",
            "trace of 64 kB": f"{project}/jobs/{job_id}/trace"}


def measure(run, world):
    paths = prepare(world)
    bodies = []
    for path in paths.values():
        answer = world.server.api.get(world.server.url + path)
        answer.raise_for_status()
        bodies.append(answer.content)
    with Canned(run.program("canned"), world.folder, bodies) as canned:
        rows = [measure_kind(run, world, kind, path, canned, number)
                for number, (kind, path) in enumerate(paths.items())]
    return rows + measure_mix(run, world, list(paths.values()))


def measure_kind(run, world, kind, path, canned, number):
    # Figures were set for the embedded database, whose reads need no other process.
    goal = Goal(at_most=GOALS[kind]) if world.database.name == "sqlite" else None
    row = Row(f"read: {kind}, {world.label}", "us CPU", "canned body", goal)
    costs, rates = [], []

    def read_server():
        return read(world.server.url, [path], CLIENTS, run.seconds / 2, (world.server.pid, *world.database.pids),
                    TOKEN)

    def subject():
        load, cost = read_server()
        costs.append(cost)
        rates.append(load.rate)
        return cost[0] * 1e6

    def peer():
        _, cost = read(canned.url, [f"/{number}"], CLIENTS, run.seconds / 2, (canned.process.pid,))
        return cost[0] * 1e6

    read_server()  # warm
    for figures in run.rounds(subject, peer):
        row.add(*figures)
    row.note = f"CPU {run.costs(costs, world)}; {run.median(rates):,.0f}/s, {CLIENTS} clients"
    return row


def measure_mix(run, world, paths):
    pids = (world.server.pid, *world.database.pids)
    fast = Row(f"read: mix, {world.label}", "/s")
    p50 = Row(f"read: mix at {MIX_RATE}/s, {world.label}, p50", "ms")
    p99 = Row(f"read: mix at {MIX_RATE}/s, {world.label}, p99", "ms",
              goal=Goal(at_most=5) if world.database.name == "sqlite" else None)
    costs, tails = [], []
    for _ in range(run.n_rounds):
        load, cost = read(world.server.url, paths, MIX_CLIENTS, run.seconds, pids, TOKEN)
        fast.add(load.rate)
        costs.append(cost)
        tails.append((load.percentile_ms(50), load.percentile_ms(99)))
        load, _ = read(world.server.url, paths, MIX_CLIENTS, run.seconds, pids, TOKEN, MIX_RATE)
        p50.add(load.percentile_ms(50))
        p99.add(load.percentile_ms(99))
        if load.rate < MIX_RATE * 0.95:
            p99.note = f"only {load.rate:,.0f}/s came through"
    fast.note = (f"{MIX_CLIENTS} clients: p50 {run.median([tail[0] for tail in tails]):.1f} ms, "
                 f"p99 {run.median([tail[1] for tail in tails]):.1f} ms; CPU {run.costs(costs, world)}")
    return [fast, p50, p99]


def read(url, paths, clients, seconds, pids, headers=(), rate=None):
    with Cpu(*pids) as cpu:
        load = drive(url, paths, clients, seconds, headers=headers, rate=rate)
    return load, [spent / load.requests for spent in cpu.seconds]
