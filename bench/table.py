"""Rows of the table that a benchmark ends with.

A row compares what the server does with a named limit or peer, measured by turns in one run: each round gives
one pair, the ratio is the median of the rounds' ratios, and the spread says how far they lay apart."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Goal:
    """What design asks of a row: of its ratio, or of the figure itself where there is no peer."""
    at_least: float | None = None
    at_most: float | None = None

    def text(self):
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"

    def is_met(self, value):
        return value >= self.at_least if self.at_least is not None else value <= self.at_most


@dataclass
class Row:
    name: str
    unit: str
    peer_name: str = ""
    goal: Goal | None = None
    figures: list = field(default_factory=list)
    peers: list = field(default_factory=list)
    note: str = ""

    def add(self, figure, peer=None):
        self.figures.append(figure)
        if peer is not None:
            self.peers.append(peer)

    def ratios(self):
        return [figure / peer for figure, peer in zip(self.figures, self.peers, strict=True)] if self.peers else []

    def verdict(self):
        """What the goal is held against is the ratio, if there is one."""
        if not self.goal:
            return ""
        value = median(self.ratios() or self.figures)
        return f"{self.goal.text()} {'met' if self.goal.is_met(value) else 'MISSED'}"

    def cells(self):
        ratios = self.ratios()
        spread = ratios or self.figures
        digits = significant if not ratios else "{:.2f}".format
        return [self.name,
                f"{significant(median(self.figures))} {self.unit}",
                f"{significant(median(self.peers))} ({self.peer_name})" if self.peers else "",
                f"{median(ratios):.2f}" if ratios else "",
                f"{digits(min(spread))}-{digits(max(spread))}",
                self.verdict(),
                self.note]


def significant(value):
    """Three digits that count, more where they stand before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


HEADINGS = ["row", "figure", "limit or peer", "ratio", "spread", "goal", "note"]


def render(rows):
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
