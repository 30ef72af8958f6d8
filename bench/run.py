"""script/bench: measures what design promises in figures, beside limits and peers; one table at the end.

A topic is a module here whose measure(run, world) answers its rows; it is named in TOPICS. What it compares runs by
turns, several rounds; see table.py for what a row says."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from statistics import median

import compile as compiling
import create
import jobs
import pipelines
import queue_length
import reads
import schedules
from database import DATABASES
from server import World
from table import render

TOPICS = {"compile": compiling.measure, "create": create.measure, "jobs": jobs.measure, "pipelines": pipelines.measure,
          "queue": queue_length.measure, "reads": reads.measure, "schedules": schedules.measure}


class Run:
    """The options of this run, and what topics need of it."""

    def __init__(self, options):
        self.build = options.build.resolve()
        self.n_rounds = options.rounds
        self.seconds = options.seconds

    def say(self, text):
        print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)

    def program(self, name):
        return self.build / "bench" / name

    def rounds(self, *measures):
        """Calls all measures by turns, the order turned round each time; yields the figures of a round."""
        for number in range(self.n_rounds):
            order = list(enumerate(measures))
            figures = {i: measure() for i, measure in (order if number % 2 == 0 else reversed(order))}
            yield [figures[i] for i in range(len(measures))]

    median = staticmethod(median)

    def costs(self, costs, world):
        """Processor time a request: the server's, and the database's where that is another process."""
        return f"{median(cost[0] for cost in costs) * 1e6:,.0f} us{self.database_costs(costs, world)}"

    def database_costs(self, costs, world):
        if not world.database.pids:
            return ""
        return f" + {median(cost[1] for cost in costs) * 1e6:,.0f} us in {world.label}"


def measure_all(run, options, folder):
    rows = []
    for name in options.database:
        for topic in options.topic:
            with World(run.build, folder / f"{name}-{topic}", DATABASES[name]) as world:
                run.say(f"{topic}, {world.label}")
                rows += TOPICS[topic](run, world)
    return rows


def parse():
    parser = argparse.ArgumentParser(prog="script/bench", description="Benchmarks beside limits and peers.")
    parser.add_argument("build", type=Path)
    parser.add_argument("--topic", action="append", choices=TOPICS, help="only these (default: all)")
    parser.add_argument("--database", action="append", choices=DATABASES, help="only these (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="of one measurement")
    options = parser.parse_args()
    options.topic = options.topic or list(TOPICS)
    options.database = options.database or list(DATABASES)
    return options


def main():
    options = parse()
    # Below the build, not in /tmp: that may be memory, where a sync costs nothing.
    folder = options.build.resolve() / "bench-data"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        rows = measure_all(Run(options), options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    load = os.getloadavg()[0]
    print(f"\n{render(rows)}\n\n{os.cpu_count()} processors; medians of {options.rounds} rounds of {options.seconds:g} s;"
          f" load before the end: {load:.1f}")


STARTED = time.monotonic()

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    main()
