"""Reads everything, writes nothing: coverage, who is missing and why, one person's whole story, tables to take away."""

from oval_aup.reports.as_at import AsAt, as_at, moment_asked
from oval_aup.reports.burn_up import BurnUp, BurnUpLine, burn_up
from oval_aup.reports.coverage import ClassCoverage, Overview, class_coverage, overview
from oval_aup.reports.csv_export import csv_bytes
from oval_aup.reports.document_labels import MESSAGE_KINDS
from oval_aup.reports.documents import file_name, paper, plain_file
from oval_aup.reports.exports import (
    VERDICTS,
    ExportTable,
    choices_table,
    corrections_table,
    coverage_table,
    outstanding_table,
)
from oval_aup.reports.first_steps import NextStep, next_step
from oval_aup.reports.namesakes import told_apart, with_birthday
from oval_aup.reports.office_tasks import NEED_KINDS, STATES, Need, NeedGroup, NeedKind, need_groups, needs
from oval_aup.reports.outstanding import (
    OWED,
    SORTS,
    WHYS,
    Filter,
    OutstandingCounts,
    OutstandingMatch,
    OutstandingPage,
    OutstandingPerson,
    WhyCounts,
    children_words,
    choosing_adults,
    outstanding_counts,
    outstanding_matches,
    outstanding_page,
    outstanding_rows,
    remindable,
    why_counts,
)
from oval_aup.reports.packs import PackPlan, Scope, order_pack, pack_files, pack_plan
from oval_aup.reports.person_history import ChildChoices, Mark, PersonHistory, history_of
from oval_aup.reports.xlsx_export import xlsx_bytes

__all__ = [
    "MESSAGE_KINDS",
    "NEED_KINDS",
    "OWED",
    "SORTS",
    "STATES",
    "VERDICTS",
    "WHYS",
    "AsAt",
    "BurnUp",
    "BurnUpLine",
    "ChildChoices",
    "ClassCoverage",
    "ExportTable",
    "Filter",
    "Mark",
    "Need",
    "NeedGroup",
    "NeedKind",
    "NextStep",
    "OutstandingCounts",
    "OutstandingMatch",
    "OutstandingPage",
    "OutstandingPerson",
    "Overview",
    "PackPlan",
    "PersonHistory",
    "Scope",
    "WhyCounts",
    "as_at",
    "burn_up",
    "children_words",
    "choices_table",
    "choosing_adults",
    "class_coverage",
    "corrections_table",
    "coverage_table",
    "csv_bytes",
    "file_name",
    "history_of",
    "moment_asked",
    "need_groups",
    "needs",
    "next_step",
    "order_pack",
    "outstanding_counts",
    "outstanding_matches",
    "outstanding_page",
    "outstanding_rows",
    "outstanding_table",
    "overview",
    "pack_files",
    "pack_plan",
    "paper",
    "plain_file",
    "remindable",
    "told_apart",
    "why_counts",
    "with_birthday",
    "xlsx_bytes",
]
