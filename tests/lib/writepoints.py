"""A server whose database breaks at a chosen write point: tests/faults/faulty_driver.c."""

import mmap
import struct
import tempfile

import requests
from penstock import BUILD, Server

BINARY = BUILD / "tests" / "penstock-faulty"
LAYOUT = struct.Struct("=qqq")  # seen, at, mode
KILL, FAIL, FAIL_ON = 0, 1, 2  # FAIL_ON: that one, and all after it
NEVER = 0
MOST_POINTS = 400  # of one operation: more is a test that does not end


class Points:
    """What the test and the server share."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="penstock-points-")
        self.file.truncate(LAYOUT.size)
        self.memory = mmap.mmap(self.file.fileno(), LAYOUT.size)
        self.arm(NEVER, KILL)

    @property
    def path(self):
        return self.file.name

    def arm(self, at, mode):
        """The `at`-th write point from now on breaks."""
        LAYOUT.pack_into(self.memory, 0, 0, at, mode)

    @property
    def was_hit(self):
        seen, at, _ = LAYOUT.unpack_from(self.memory, 0)
        return at != NEVER and seen >= at


class FaultyServer(Server):
    """A server with `points`; harmless until they are armed."""

    def __init__(self, *options, **more):
        self.points = Points()
        super().__init__(*options, binary=BINARY, environment={"PENSTOCK_FAULT_POINTS": self.points.path}, **more)

    def break_at(self, number, mode, operation):
        """Runs operation() with that point armed. Answers what it answered (None: nobody was told), and whether the point
        was reached; a server that died of it runs again."""
        self.points.arm(number, mode)
        try:
            answer = operation()
        except requests.RequestException:
            answer = None
        hit = self.points.was_hit
        self.points.arm(NEVER, KILL)
        if hit and mode == KILL:
            self.killed = True
            self.process.wait()
            self.restart()
        return answer, hit


def each_point(server, mode, prepare, operation, check):
    """Does it all once for each write point of operation(subject), until one run passes without reaching its point.
    check(subject, answer) sees the server whole again. The number of points."""
    for number in range(1, MOST_POINTS):
        subject = prepare()
        answer, hit = server.break_at(number, mode, lambda: operation(subject))
        try:
            check(subject, answer)
        except AssertionError as error:
            raise AssertionError(f"broken at write point {number}: {error}") from error
        if not hit:
            return number - 1
    raise AssertionError(f"more than {MOST_POINTS} write points")
