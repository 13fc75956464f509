"""Receipts a second with two persistent renderers, beside a plain ``HTML(...).write_pdf()`` loop of the same pages."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from oval_aup import documents, evidence, printing, reports, worker
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import NotFound
from tests.bench.school import School

COUNT = 40
PLAIN = """
import sys, time
from weasyprint import HTML
pages = sys.stdin.read().split("\\x00")
HTML(string=pages[0]).write_pdf()
began = time.perf_counter()
for page in pages:
    HTML(string=page).write_pdf()
print(len(pages) / (time.perf_counter() - began))
"""


def measure(school: School, folder: Path) -> None:
    """Print receipts a second both ways; ours are tagged PDF/A-3a, the plain loop's are untagged."""
    papers: list[printing.PrintJob] = []
    ring = worker.keyring(school.settings)
    with school.database.writing() as db:
        ring.prepare(db, school_name=school.settings.school.name, actor=SYSTEM)
    while len(papers) < COUNT and (claim := documents.claim_document(school.database)) is not None:
        with school.database.reading() as db:
            papers.append(reports.paper(db, claim, school=school.settings.school, head=evidence.signed_head(db, ring)))
    if not papers:
        raise NotFound("no receipts to draw")
    with printing.RenderPool(folder) as press, ThreadPoolExecutor(press.renderers) as threads:
        list(threads.map(press.print, papers[: press.renderers * 2]))
        began = time.perf_counter()
        list(threads.map(press.print, papers))
        ours = len(papers) / (time.perf_counter() - began)
    text = "\x00".join(paper.html for paper in papers)
    plain = float(
        subprocess.run([sys.executable, "-c", PLAIN], input=text, capture_output=True, text=True, check=True).stdout
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nReceipts a second, {len(papers)} receipts")
    print(f"  plain loop {plain:5.1f}/s   two renderers, tagged PDF/A-3a {ours:5.1f}/s   ratio {ours / plain:.2f}")
    print(f"  largest process {peak:.0f} MB")
