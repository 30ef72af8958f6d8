"""The compiler: its time beside libyaml's bare parse of the same bytes, a matrix of 1,000 jobs, its memory, and files
that are broken or that expand."""

import re
import subprocess

from table import Goal, Row

PARTS = 8
JOBS = 60


def includes():
    """The files of 60 jobs in about 20 kB, with anchors, bases and eight included files: {name: text}."""
    main = [f"include: [{', '.join(f'part-{n}.yml' for n in range(PARTS))}]", "stages: [ingest, transform, test]",
            "default:", "  retry: 1", "  tags: [data]", "variables:", "  WAREHOUSE: analytics", ""]
    files = {"pipeline.yml": ""}
    for number in range(PARTS):
        files[f"part-{number}.yml"] = part(number)
    for number in range(JOBS):
        main.append(job(number))
    files["pipeline.yml"] = "\n".join(main)
    return files


def part(number):
    return f"""\
.rules-{number}: &rules-{number}
  rules:
    - if: $CI_COMMIT_BRANCH == "main" && $WAREHOUSE =~ /^analytics/
      when: on_success
    - if: $CI_PIPELINE_SOURCE == "schedule"
      allow_failure: true
    - when: manual
.base-{number}:
  <<: *rules-{number}
  image: registry.example.com/data/runner:{number}
  before_script:
    - source /etc/profile.d/data.sh
    - export PART={number}
  artifacts: {{paths: [target/], expire_in: 1 day}}
.step-{number}:
  extends: .base-{number}
  variables: {{PART: "{number}", THREADS: "4"}}
  cache: {{key: $CI_COMMIT_REF_SLUG, paths: [.cache/]}}
"""


def job(number):
    return f"""\
job-{number}:
  extends: .step-{number % PARTS}
  stage: {("ingest", "transform", "test")[number % 3]}
  variables: {{TABLE: "orders_{number}"}}
  needs: []
  timeout: 1h 30m
  script:
    - echo "this is job {number} of the warehouse $WAREHOUSE"
    - ingest --table "$TABLE" --threads "$THREADS"
    - dbt run --select "tag:{number}"
"""


def matrix():
    """1,000 jobs: five matrices of 200."""
    rows = ", ".join(str(n) for n in range(20))
    return "".join(f"matrix-{n}:\n  script: test $A $B\n  parallel:\n    matrix:\n      - A: [{rows}]\n"
                   f"        B: [a, b, c, d, e, f, g, h, i, j]\n" for n in range(5))


def many(n_jobs):
    return "\n".join(["stages: [ingest, transform, test]", "variables: {WAREHOUSE: analytics}", ".step-0: &step", "  retry: 1"] +
                     [job(number).replace(f".step-{number % PARTS}", ".step-0") for number in range(n_jobs)])


def write(folder, files):
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return [folder / name for name in files]


def timed(run, what, paths):
    """Seconds a run, bytes of the files, bytes held."""
    answer = subprocess.run([run.program("compile-bench"), what, str(run.seconds / 2), *paths], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.split()
    return float(answer[1]) / int(answer[0]), int(answer[2]), int(answer[3])


def measure(run, world):
    if world.database.name != "sqlite":
        return []  # no database has a part in it: once is enough
    files = write(world.folder / "includes", includes())
    beside = Row(f"compile: {JOBS} jobs, {PARTS} includes", "us CPU", "libyaml's parse", Goal(at_most=3))
    for figures in run.rounds(lambda: timed(run, "compile", files)[0] * 1e6, lambda: timed(run, "parse", files)[0] * 1e6):
        beside.add(*figures)
    beside.note = f"{timed(run, 'parse', files)[1]:,} bytes"

    wide = write(world.folder / "matrix", {"matrix.yml": matrix()})
    jobs = Row("compile: matrix of 1,000 jobs", "ms CPU", goal=Goal(at_most=30))
    for (figure,) in run.rounds(lambda: timed(run, "compile", wide)[0] * 1e3):
        jobs.add(figure)

    small, large = (write(world.folder / f"many-{n}", {"many.yml": many(n)}) for n in (100, 1600))
    memory = Row("compile: memory a byte, 1,600 jobs", "bytes", "with 100 jobs", Goal(at_most=1.2))
    for figures in run.rounds(lambda: held(run, large), lambda: held(run, small)):
        memory.add(*figures)
    return [beside, jobs, memory, *hostile(run)]


SLOWEST = 5
# Each file is made, compiled and planned in a process of its own, which is all in the figure.
HOSTILE = re.compile(r"^ok \d+ - (?P<claim>\w+)\n# (?P<ms>\d+) ms, (?P<mb>\d+) MB", re.MULTILINE)


def hostile(run):
    """The slowest files of the compiler's test of bad input, and the one that takes the most memory."""
    times, sizes = {}, {}
    for (text,) in run.rounds(lambda: bad_input(run)):
        for found in HOSTILE.finditer(text):
            times.setdefault(found["claim"], []).append(int(found["ms"]))
            sizes.setdefault(found["claim"], []).append(int(found["mb"]))
    slowest = sorted(times, key=lambda claim: max(times[claim]), reverse=True)[:SLOWEST]
    biggest = max(sizes, key=lambda claim: max(sizes[claim]))
    rows = [Row(f"compile: {claim.replace('_', ' ')}", "ms CPU", goal=Goal(at_most=100), figures=times[claim],
                note=f"of {len(times)} hostile files") for claim in slowest]
    return [*rows, Row(f"compile: {biggest.replace('_', ' ')}", "MB", goal=Goal(at_most=64), figures=sizes[biggest],
                       note=f"most memory of {len(sizes)} hostile files")]


def bad_input(run):
    return subprocess.run([run.build / "src/ci/test_ci_bad_input"], check=True, stdout=subprocess.PIPE, text=True).stdout


def held(run, paths):
    _, size, memory = timed(run, "compile", paths)
    return memory / size
