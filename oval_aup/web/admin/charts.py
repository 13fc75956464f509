"""Turns counts into the geometry of inline pictures; colours, words and sizes are the stylesheet's and the page's."""

from __future__ import annotations

from dataclasses import dataclass

from oval_aup import reports

WIDTH, HEIGHT = 100, 40
"""The picture's own units; it is stretched to the page's width, with lines that keep their weight."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One audience's line: the points of a polyline, and where it stands today."""

    audience: str
    points: str
    percent: int


@dataclass(frozen=True, slots=True)
class BurnUpPicture:
    """Everything the template draws; ``due_x`` is where the due date stands."""

    curves: tuple[Curve, ...]
    due_x: float
    burn_up: reports.BurnUp
    last_year: Curve | None = None
    """How far parents and carers had come in the sign-up of the year before, as many days after it started."""


def burn_up_picture(burn_up: reports.BurnUp) -> BurnUpPicture:
    """Place every day from the first to the last across the picture, and 0 to 100 per cent from bottom to top."""
    days = max((burn_up.last - burn_up.first).days, 1)

    def x(day: int) -> float:
        return round(WIDTH * day / days, 2)

    curves = tuple(
        Curve(
            line.audience,
            " ".join(f"{x(day)},{round(HEIGHT * (1 - percent / 100), 2)}" for day, percent in enumerate(line.percents)),
            int(line.percents[-1]),
        )
        for line in burn_up.lines
    )
    last_year = None
    if burn_up.last_year:
        today = min(len(burn_up.lines[0].percents), len(burn_up.last_year)) - 1 if burn_up.lines else 0
        points = " ".join(
            f"{x(day)},{round(HEIGHT * (1 - percent / 100), 2)}"
            for day, percent in enumerate(burn_up.last_year)
            if day <= days
        )
        last_year = Curve("last-year", points, int(burn_up.last_year[today]))
    return BurnUpPicture(curves, x((burn_up.due_on - burn_up.first).days), burn_up, last_year)
