"""Reads everything, writes nothing: coverage, who is missing and why, one person's whole story, tables to take away."""

from oval_aup.reports.burn_up import BurnUp, Line, burn_up
from oval_aup.reports.coverage import AUDIENCES, ClassCoverage, Overview, class_coverage, overview
from oval_aup.reports.needs import KINDS as NEED_KINDS
from oval_aup.reports.needs import Need, needs
from oval_aup.reports.outstanding import (
    SORTS,
    WHYS,
    Filter,
    OutstandingPage,
    OutstandingPerson,
    WhyCounts,
    outstanding_page,
    outstanding_rows,
    why_counts,
)

__all__ = [
    "AUDIENCES",
    "NEED_KINDS",
    "SORTS",
    "WHYS",
    "BurnUp",
    "ClassCoverage",
    "Filter",
    "Line",
    "Need",
    "OutstandingPage",
    "OutstandingPerson",
    "Overview",
    "WhyCounts",
    "burn_up",
    "class_coverage",
    "needs",
    "outstanding_page",
    "outstanding_rows",
    "overview",
    "why_counts",
]
