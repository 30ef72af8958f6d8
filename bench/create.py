"""Pipelines created per second by the trigger endpoint, beside the bare library that commits the same rows.

The limit on SQLite is one thread that syncs once a pipeline, which is also all that one client can have; what a
group commit gives is a row of its own, for the server gathers writes as well. On PostgreSQL it is as many
connections as clients (and as many as do best), each pipeline one transaction and one round trip."""

import json
import subprocess

from load import Cpu, drive
from recipe import in_words, look, recipe_of
from table import Goal, Row

CLIENTS = (1, 8, 32)
WARM_S = 0.5
BEST_WIDTH = 8  # connections; with more, bare PostgreSQL is slower on two cores
FORM = ("Content-Type: application/x-www-form-urlencoded",)


class Bare:
    """The bare program on its own copy of the database."""

    def __init__(self, program, target, recipe):
        self.command = [program, target, recipe]
        self.written = 0

    def rate(self, seconds, width):
        """`width`: pipelines a commit (SQLite), connections (PostgreSQL)."""
        done = subprocess.run([*self.command, str(seconds), str(width), str(self.written)],
                              check=True, stdout=subprocess.PIPE, text=True)
        n, took = done.stdout.split()
        self.written += int(n)
        return int(n) / float(took)


def make_bare(run, world):
    """Takes the recipe from a pipeline that the server writes, and a copy of the database as it is then."""
    world.trigger()  # the first one may write more: rows that are made once
    before = look(world.database)
    world.trigger()
    recipe = recipe_of(world.database, before, look(world.database))
    path = world.folder / "recipe.json"
    path.write_text(json.dumps(recipe, indent=1))
    run.say(f"{world.label}: a pipeline is {in_words(recipe)}")
    world.server.stop()
    target = world.database.make_copy()
    world.server.start()
    return Bare(run.program(f"bare-{world.database.name}"), target, path)


def measure(run, world):
    bare = make_bare(run, world)
    rows = []
    for clients in CLIENTS:
        rows += measure_clients(run, world, bare, clients)
    return rows


def peers_of(world, clients):
    """(name, width, goal) of each limit."""
    if world.database.name == "postgres":
        return [(f"bare libpq, {width} conn.", width, None) for width in sorted({min(clients, BEST_WIDTH), clients})]
    goal = Goal(at_least=0.4) if clients == 32 else None
    each = ("bare SQLite, a commit each", 1, goal)
    return [each] if clients == 1 else [each, (f"bare SQLite, a commit per {clients}", clients, None)]


def measure_clients(run, world, bare, clients):
    peers = peers_of(world, clients)
    name = f"create a pipeline (trigger, 10 jobs), {world.label}, {clients} client{'s' if clients > 1 else ''}"
    rows = [Row(name, "/s", peer, goal) for peer, _, goal in peers]
    cpu = []

    def subject():
        load, costs = create(world, clients, run.seconds)
        cpu.append(costs)
        return load.rate

    create(world, clients, WARM_S)
    for figures in run.rounds(subject, *(lambda width=width: bare.rate(run.seconds, width) for _, width, _ in peers)):
        for row, peer in zip(rows, figures[1:]):
            row.add(figures[0], peer)
    rows[0].note = "CPU " + run.costs(cpu, world)
    return rows


def create(world, clients, seconds):
    server = world.server
    with Cpu(server.pid, *world.database.pids) as cpu:
        load = drive(server.url, [world.trigger_path], clients, seconds, headers=FORM, body=world.trigger_body,
                     status=201)
    return load, [spent / load.requests for spent in cpu.seconds]
