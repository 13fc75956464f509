"""What each PDF says, that it can be read by everyone, and that it carries the proof of what it says."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from oval_aup import agreements, campaigns, consent, evidence, people, printing, reports, signing
from oval_aup.core import clock, templating
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.errors import NotFound
from oval_aup.documents import KINDS
from oval_aup.reports import documents
from oval_aup.reports.built import BUILDERS
from oval_aup.reports.document_labels import Moment
from tests.people import builders
from tests.reports.conftest import MARK, SCHOOL, YEAR, Answered, unsigned_head
from tests.signing import small_school
from tests.tools import tool

Printed = Callable[[printing.PrintJob], Path]


def read(path: Path) -> str:
    """The text of a PDF in reading order, spaces evened out."""
    shown = subprocess.run([tool("pdftotext"), str(path), "-"], capture_output=True, check=True, text=True)
    return " ".join(shown.stdout.split())


def tags(path: Path) -> list[str]:
    shown = subprocess.run([tool("pdfinfo"), "-struct", str(path)], capture_output=True, check=True, text=True)
    return [line.strip().split(" ")[0] for line in shown.stdout.splitlines()]


def facts(path: Path) -> dict[str, str]:
    shown = subprocess.run([tool("pdfinfo"), str(path)], capture_output=True, check=True, text=True)
    return {key: value.strip() for key, _colon, value in (line.partition(":") for line in shown.stdout.splitlines())}


def test_a_receipt_says_everything_that_was_agreed_and_how_to_undo_it(answered: Answered, printed: Printed) -> None:
    text = read(printed(answered.receipt()))
    for said in (
        "Your receipt",
        "Ann Ali, school year 2026–27",
        "On 22 November 2026 at 12:41",
        "22 November 2026, 12:41:07 (GMT, UTC+00:00)",
        "2026-11-22 12:41:07 UTC",
        "Opened a private link sent to the email address",
        "Rules for parents and carers",
        "You agreed for Mia Ali.",
        "Max Ali",
        "If you change your mind",
        "0121 496 0000",
        "For checking later",
        "Limits of this document",
        "Page 1 of",
    ):
        assert said in text


def test_a_receipt_repeats_every_clause_in_full(answered: Answered, printed: Printed) -> None:
    text = read(printed(answered.receipt()))
    with answered.database.reading() as db:
        shown = agreements.current(db, "parents"), agreements.current(db, "children", reading_level="younger")
    for wording in shown:
        assert wording.text_sha256 in text
        for clause in wording.clauses:
            assert clause.heading in text


def test_a_receipt_shows_each_answer_beside_its_use(answered: Answered) -> None:
    html = answered.receipt().html
    with answered.database.reading() as db:
        uses = consent.asked_purposes(db)
        given = consent.answers_of(db, answered.people.max.person_id, answered.people.ann.person_id, YEAR)
    assert html.count('<span class="tag no">No</span>') == 2 * list(given.values()).count("no")
    for use in uses:
        assert use.heading in html


def test_a_receipt_names_the_ledger_entries_and_their_hashes(answered: Answered, printed: Printed) -> None:
    text = read(printed(answered.receipt()))
    with answered.database.reading() as db:
        entries = evidence.entries(db, answered.entries)
        head = evidence.head(db)
    for entry in entries.values():
        assert entry.entry_hash in text
    assert head.entry_hash in text


def test_a_receipt_carries_entries_that_prove_themselves(answered: Answered) -> None:
    (file,) = answered.receipt().embedded
    carried = json.loads(file.content)
    assert [entry["seq"] for entry in carried["entries"]] == list(answered.entries)
    for entry in carried["entries"]:
        assert hashlib.sha256(b"\x00" + entry["body"].encode()).hexdigest() == entry["entry_hash"]
        promised = json.loads(entry["body"])["details_commitment"]
        opened = b"\x02" + base64.b64decode(entry["salt"]) + entry["details"].encode()
        assert hashlib.sha256(opened).hexdigest() == promised


@pytest.mark.parametrize("kind", ["receipt", "record", "as_at", "subject_access", "class_report", "school_report"])
def test_every_pdf_can_be_read_aloud_and_archived(answered: Answered, printed: Printed, kind: str) -> None:
    people = answered.people
    papers = {
        "receipt": lambda: answered.receipt(),
        "record": lambda: answered.paper("record", people.ann.pseudonym, person_id=people.ann.person_id),
        "as_at": lambda: answered.as_at(people.max),
        "subject_access": lambda: answered.paper(
            "subject_access", people.ann.pseudonym, person_id=people.ann.person_id
        ),
        "class_report": lambda: answered.paper("class_report", people.older.public_id, school_year=YEAR),
        "school_report": lambda: answered.paper("school_report", "school", school_year=YEAR),
    }
    path = printed(papers[kind]())
    assert facts(path)["Tagged"] == "yes"
    assert facts(path)["Title"].endswith("– The Oval School")
    found = tags(path)
    assert found.count("H1") == 1
    assert {"H2", "Table", "TH", "P"} <= set(found)
    described = subprocess.run([tool("pdfinfo"), "-meta", str(path)], capture_output=True, check=True, text=True).stdout
    assert 'pdfaid:part="3"' in described
    assert 'pdfuaid:part="1"' in described
    with pikepdf.open(path) as pdf:
        assert str(pdf.Root.Lang) == "en"
        headers = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and each.get("/S") == "/TH"]
        assert {(str(each.P.P.S), str(each.A.Scope)) for each in headers} <= {("/THead", "/Column"), ("/TBody", "/Row")}


def test_the_same_document_renders_to_the_same_bytes(answered: Answered, press: printing.RenderPool) -> None:
    assert press.print(answered.receipt()) == press.print(answered.receipt())


def test_a_drawn_mark_becomes_one_path_in_an_image_with_words(answered: Answered) -> None:
    html = answered.receipt().html
    assert 'alt="The mark drawn by the signer"' in html
    picture = html.split('alt="The mark drawn by the signer" src="')[1].split('"')[0]
    svg = base64.b64decode(picture.removeprefix("data:image/svg+xml;base64,")).decode()
    assert svg.count("<path") == 1
    assert "script" not in svg


def test_nothing_typed_can_become_markup_or_fetch_anything(
    answered: Answered, press: printing.RenderPool, printed: Printed
) -> None:
    people = answered.people
    nasty = "<img src=file:///etc/hostname onerror=alert(1)><script>x</script>{{ 7 * 7 }}"
    with answered.database.writing() as db:
        wording = agreements.current(db, "parents")
        owed = signing.standing(db, people.bob.person_id, YEAR)[0]
        signing.sign(
            db,
            owed.id,
            wording=wording,
            shown_sha256=wording.text_sha256,
            typed_name="",
            signed_by_id=people.bob.person_id,
            outcome="declined",
            reason=nasty,
            idempotency_key="bob",
            actor=small_school.guardian_actor(people.bob),
        )
    paper = answered.paper("record", people.bob.pseudonym, person_id=people.bob.person_id)
    assert "<script>" not in paper.html
    assert "onerror=alert(1)&gt;" in paper.html
    text = read(printed(paper))
    assert "<script>x</script>{{ 7 * 7 }}" in text


def test_a_record_tells_the_whole_story_with_corrections(answered: Answered, printed: Printed) -> None:
    people = answered.people
    with answered.database.writing() as db:
        first = signing.signatures_of(db, people.ann.person_id)[0]
        signing.withdraw(db, first.public_id, reason="Signed too soon", actor=small_school.guardian_actor(people.ann))
    text = read(printed(answered.paper("record", people.ann.pseudonym, person_id=people.ann.person_id)))
    family = "Parent or carer of Max Ali (4C, born 14 March 2018), Mia Ali (1A, born 2 November 2020)"
    for said in ("Ann Ali", family, "taken back later", "Signed too soon"):
        assert said in text
    assert people.ann.pseudonym in text


def test_a_record_of_a_child_shows_who_signed_for_them(answered: Answered, printed: Printed) -> None:
    mia = answered.people.mia
    text = read(printed(answered.paper("record", mia.pseudonym, person_id=mia.person_id)))
    for said in ("Answered by Ann Ali, for Mia Ali", "Child, class 1A", "Date of birth 2 November 2020"):
        assert said in text


def test_a_mark_made_in_class_names_the_teacher_who_was_there(answered: Answered, printed: Printed) -> None:
    school, max_ali = answered.people, answered.people.max
    with answered.database.writing() as db:
        lesson = signing.open_class_session(
            db, school.older.public_id, school_year=YEAR, actor=small_school.staff_actor(school.di, "teacher")
        )
        wording = agreements.current(db, "children")
        signing.make_mark(
            db,
            lesson.public_id,
            max_ali.public_id,
            wording=wording,
            shown_sha256=wording.text_sha256,
            mark=MARK,
            actor=Actor(role="kiosk", assurance="in-class", channel="class"),
        )
    with answered.database.reading() as db:
        (mark,) = reports.history_of(db, max_ali.public_id, YEAR).marks
    assert mark.who.present == "Di Dunn, who led the class session"
    text = read(printed(answered.paper("record", max_ali.pseudonym, person_id=max_ali.person_id)))
    assert "Present Di Dunn, who led the class session" in text


def test_erased_details_leave_the_entry_and_say_so(answered: Answered, printed: Printed) -> None:
    with answered.database.writing() as db:
        evidence.erase_details(
            db,
            answered.entries[:1],
            basis="request of the person",
            subject=answered.people.ann.pseudonym,
            idempotency_key="erase",
            actor=SYSTEM,
        )
    text = read(printed(answered.receipt()))
    assert "erased by law" in text


def test_a_class_report_lists_the_class_and_who_has_not_answered(answered: Answered, printed: Printed) -> None:
    text = read(printed(answered.paper("class_report", answered.people.older.public_id, school_year=YEAR)))
    for said in ("Class 4C", "Max Ali", "Cy Coe", "Bob Ali", "1 of 3", "No answer yet", "for Eve Ode"):
        assert said in text
    assert "Mia Ali" not in text, "another class's child"


def test_children_of_one_name_are_told_apart_on_paper_and_in_tables(answered: Answered) -> None:
    with answered.database.writing() as db:
        max_, room = answered.people.max, answered.people.older
        builders.add_child(
            db,
            forename=max_.forename,
            surname=max_.full_name.split()[-1],
            born_on=max_.born_on - dt.timedelta(days=31),
            year_group="4",
            class_id=room.id,
            actor=SYSTEM,
        )
        children = people.children(db, room.id)
    report = answered.paper("class_report", answered.people.older.public_id, school_year=YEAR).html
    with answered.database.reading() as db:
        table = reports.choices_table(db, room.public_id, YEAR)
        told = {name for name in reports.told_apart(children).values() if name.startswith("Max Ali (born ")}
    assert len(told) == 2
    assert told <= {row[0] for row in table.rows}, "whoever is at the printer must not take one for the other"
    assert all(name in report for name in told)
    assert f"<td>{max_.full_name}</td>" not in report, "nor in the list of those who have not answered"


def test_times_of_a_record_are_the_schools(answered: Answered) -> None:
    with answered.database.reading() as db:
        at = evidence.entries(db, [1])[1].at
    summer = Moment(dt.datetime(2026, 9, 1, 23, 30, 5, tzinfo=dt.UTC))
    assert summer.short == "2 September 2026, 00:30:05 BST"
    ann = answered.people.ann
    record = answered.paper("record", ann.pseudonym, person_id=ann.person_id).html
    story = record.split("<h2>Timeline</h2>")[1].split("<h2>")[0]
    assert templating.moment(at) in story
    assert "UTC" not in story


@pytest.mark.parametrize("kind", ["class_report", "school_report", "record", "subject_access"])
def test_a_document_that_waited_tells_of_the_moment_it_was_made_and_not_ordered(answered: Answered, kind: str) -> None:
    ann = answered.people.ann
    subject, params = {
        "class_report": (answered.people.older.public_id, {"school_year": YEAR}),
        "school_report": ("school", {"school_year": YEAR}),
    }.get(kind, (ann.pseudonym, {"person_id": ann.person_id}))
    document = answered.want(kind, subject, **params)
    later = document.requested_at + dt.timedelta(minutes=17)
    with answered.database.reading() as db:
        head = replace(unsigned_head(db), at=clock.iso(later))
        paper = documents.paper(db, document, school=SCHOOL, head=head)
    said = {Moment(later).london, templating.moment(later)}
    assert any(words in paper.html for words in said)
    assert Moment(document.requested_at).utc not in paper.html
    assert paper.made_at == later


def test_a_school_report_counts_everybody_and_claims_nothing(answered: Answered, printed: Printed) -> None:
    text = read(printed(answered.paper("school_report", "school", school_year=YEAR)))
    for said in ("School year 2026–27", "1 of 3 signed", "0 of 2 signed", "1A", "4C"):
        assert said in text
    assert "Ofsted" not in text


def test_the_figures_of_the_school_name_nobody(answered: Answered) -> None:
    html = answered.paper("figures_report", "school", school_year=YEAR).html
    assert "1 of 3 signed" in html
    with answered.database.reading() as db:
        names = {row.full_name for row in people.children(db)}
        names |= {row.full_name for row in people.guardians_asked(db)} | {row.full_name for row in people.staff(db)}
    assert names
    assert not [name for name in names if name in html]


def test_a_staff_receipt_shows_every_rule_and_what_was_declared(answered: Answered) -> None:
    eve = answered.people.eve
    with answered.database.writing() as db:
        wording = agreements.current(db, "staff")
        signature = signing.sign(
            db,
            signing.standing(db, eve.person_id, YEAR)[0].id,
            wording=wording,
            shown_sha256=wording.text_sha256,
            typed_name="Eve Ode",
            signed_by_id=eve.person_id,
            extra={"declarations": {"Friends among parents": "my sister"}},
            idempotency_key="eve",
            actor=small_school.staff_actor(eve, "admin"),
        )
    html = answered.paper("receipt", eve.pseudonym, entries=[signature.ledger_seq]).html
    assert "Logged in with a staff email address" in html
    assert "my sister" in html
    assert html.count('class="n"') == 17
    told = {word: html.count(f">{word}</span></h3>") for word in ("Must", "Advised")}
    assert told == {"Must": 13, "Advised": 4}, "as the page said it, whose words the rules explain"


def test_whoever_answers_for_a_child_is_named_as_the_signer(answered: Answered) -> None:
    mia = answered.people.mia
    record = answered.paper("record", mia.pseudonym, person_id=mia.person_id).html
    assert "<td>Ann Ali, for Mia Ali</td>" in record
    receipt = answered.receipt().html
    assert "Our six rules, version\u00a01, for Mia Ali" in receipt
    assert re.search(r"Answered by</th><td>Ann Ali</td>", receipt)
    assert "<td>Mia Ali</td>" not in record + receipt


def test_a_record_says_how_the_name_came_and_never_that_the_answered_were_not_asked(answered: Answered) -> None:
    max_, ann = answered.people.max, answered.people.ann
    with answered.database.writing() as db:
        evidence.append(
            db,
            "signed",
            subject=max_.pseudonym,
            act={},
            details={"picked_name": "Max Ali", "teacher_name": "Di Dee"},
            idempotency_key="lesson",
            actor=SYSTEM,
        )
    picked = answered.paper("record", max_.pseudonym, person_id=max_.person_id).html
    assert re.search(r"Max Ali</span> <span[^>]*>\(name picked in class\)", picked)
    typed = answered.paper("record", ann.pseudonym, person_id=ann.person_id).html
    assert "Rules for parents and carers, version\u00a01</h2>" in typed, "a number alone on a line is of nothing"
    assert re.search(r"Ann Ali</span> <span[^>]*>\(name as typed\)", typed)
    assert "Not asked" not in typed.split("Signatures")[0]
    waits = answered.people.bob
    html = answered.paper("record", waits.pseudonym, person_id=waits.person_id).html
    assert "Not asked" in html.split("Signatures")[0]


def test_each_use_of_pictures_heads_its_row_for_those_who_listen(answered: Answered) -> None:
    html = answered.receipt().html
    with answered.database.reading() as db:
        headings = [use.heading for use in consent.asked_purposes(db)]
    assert headings
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', html)
    assert [row for row in headings if row not in rows] == []


def test_a_receipt_of_nothing_is_refused(answered: Answered) -> None:
    with pytest.raises(NotFound):
        answered.receipt(entries=[])


def test_file_names_name_nobody(answered: Answered) -> None:
    ann = answered.people.ann
    wanted = answered.want("record", ann.pseudonym, person_id=ann.person_id)
    with answered.database.reading() as db:
        name = documents.file_name(db, wanted)
    assert name == f"record-2026-11-22-for-eve-ode-{wanted.public_id[:8]}.pdf"
    assert "ann" not in name.lower()


def test_file_names_say_class_or_kind_date_and_who_asked(answered: Answered) -> None:
    school = answered.people
    report = answered.want("class_report", school.older.public_id, school_year=YEAR)
    own = replace(answered.want("receipt", school.ann.pseudonym), requested_by_id=school.ann.person_id)
    nobodys = replace(own, kind="record", requested_by_id=None)
    with answered.database.reading() as db:
        names = [documents.file_name(db, row) for row in (report, own, nobodys)]
    assert names[0] == f"class-report-4c-2026-11-22-for-eve-ode-{report.public_id[:8]}.pdf"
    assert names[1] == f"receipt-2026-11-22-{own.public_id[:8]}.pdf"
    assert names[2] == f"record-2026-11-22-automatic-{own.public_id[:8]}.pdf"


def test_a_receipt_in_a_language_nobody_translated_reads_from_left_to_right(answered: Answered) -> None:
    html = answered.receipt(language="ur").html
    assert '<html lang="en" dir="ltr">' in html
    assert "Your receipt" in html


@pytest.mark.parametrize("kind", ["receipt", "record", "as_at", "class_report"])
def test_what_only_a_checker_needs_is_on_one_page_and_the_last(answered: Answered, printed: Printed, kind: str) -> None:
    """However long the document is, its last page holds the whole of it, and no other page shows a hash."""
    people = answered.people
    paper = {
        "receipt": lambda: answered.receipt(),
        "record": lambda: answered.paper("record", people.ann.pseudonym, person_id=people.ann.person_id),
        "as_at": lambda: answered.as_at(people.max),
        "class_report": lambda: answered.paper("class_report", people.older.public_id, school_year=YEAR),
    }[kind]()
    before, heading, checking = paper.html.partition('<div class="checking">')
    for lines in (0, 14, 30):
        longer = before + "<p>One line.</p>" * lines + heading + checking
        shown = subprocess.run(
            [tool("pdftotext"), str(printed(replace(paper, html=longer))), "-"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        *pages, last, _end = shown.split("\f")
        for said in ("For checking later", "OVAL-HEAD 1", "Limits of this document", "not recorded."):
            assert said in last, (lines, said)
        assert [page for page in pages if re.search(r"[0-9a-f]{32}", page)] == []


def test_a_long_record_still_checks_on_one_page(answered: Answered, printed: Printed) -> None:
    ann = answered.people.ann
    with answered.database.writing() as db:
        use = consent.asked_purposes(db)[0].key
        for number in range(30):
            consent.record(
                db,
                child=answered.people.max,
                guardian=ann,
                answers={use: "no" if number % 2 == 0 else "yes"},
                only=(use,),
                wording=agreements.current(db, "image-uses"),
                school_year=YEAR,
                idempotency_key=f"again:{number}",
                actor=small_school.guardian_actor(ann),
            )
    paper = answered.paper("record", ann.pseudonym, person_id=ann.person_id)
    assert "14 earlier entries are only in the file record.json" in paper.html
    shown = read_pages(printed(paper))
    assert "For checking later" in shown[-1]
    assert "Limits of this document" in shown[-1]


def read_pages(path: Path) -> list[str]:
    """The text of each page of a PDF."""
    shown = subprocess.run([tool("pdftotext"), str(path), "-"], capture_output=True, check=True, text=True)
    return shown.stdout.split("\f")[:-1]


def test_the_first_page_of_a_record_is_for_its_reader(answered: Answered, printed: Printed) -> None:
    max_ = answered.people.max
    first = read_pages(printed(answered.paper("record", max_.pseudonym, person_id=max_.person_id)))[0]
    for said in ("Date of birth", "14 March 2018", "Child, class 4C", "Where things stand"):
        assert said in first
    for never in ("SHA-256", "UTC", max_.pseudonym, "Ledger"):
        assert never not in first


def test_a_childs_record_gives_the_pupil_number(answered: Answered) -> None:
    with answered.database.writing() as db:
        child = builders.add_child(
            db,
            forename="Max",
            surname="Ali",
            born_on=dt.date(2018, 3, 15),
            year_group="4",
            upn="a123456789012",
            actor=SYSTEM,
        )
    html = answered.paper("record", child.pseudonym, person_id=child.person_id).html
    assert "A123456789012" in html
    assert "15 March 2018" in html


def test_record_statement_and_class_report_say_alike_whether_a_child_was_asked(answered: Answered) -> None:
    school = answered.people
    records = [answered.paper("record", school.max.pseudonym, person_id=school.max.person_id)]
    records += [answered.as_at(school.max), answered.paper("class_report", school.older.public_id, school_year=YEAR)]
    assert ["Not asked" in paper.html for paper in records] == [True] * 3
    clock.travel_to(dt.datetime(2026, 9, 14, 8, 0, tzinfo=dt.UTC))
    with answered.database.writing() as db:
        plan = campaigns.plan(
            db, school_year=YEAR, opens_on=dt.date(2026, 9, 14), due_on=dt.date(2026, 10, 5), actor=SYSTEM
        )
        campaigns.open_campaign(db, plan, school=SCHOOL, actor=SYSTEM)
    clock.travel_to(dt.datetime(2026, 11, 25, 9, 30, tzinfo=dt.UTC))
    params = {"person_id": school.max.person_id}
    at = clock.iso(dt.datetime(2026, 11, 24, 12, 0, tzinfo=dt.UTC))
    papers = [
        answered.paper("record", school.max.pseudonym, **params, again=1),
        answered.paper("as_at", school.max.pseudonym, **params, at=at),
        answered.paper("class_report", school.older.public_id, school_year=YEAR, again=1),
    ]
    for paper in papers:
        assert "Asked, no answer" in paper.html
        assert "Not asked" not in paper.html


def test_a_class_report_names_each_childs_exceptions_first(answered: Answered) -> None:
    school = answered.people
    with answered.database.writing() as db:
        consent.record(
            db,
            child=school.cy,
            guardian=school.cass,
            answers={use.key: "yes" for use in consent.asked_purposes(db)},
            wording=agreements.current(db, "image-uses"),
            school_year=YEAR,
            idempotency_key="cass",
            actor=small_school.guardian_actor(school.cass),
        )
    html = answered.paper("class_report", school.older.public_id, school_year=YEAR).html
    table = html.split("what each child’s family said")[1].split("Signed so far")[0]
    assert re.search(r"<strong>Max Ali</strong></th>\s*<td>In newsletters and messages home; ", table)
    assert table.index("Max Ali") < table.index("Yes to every use: 1") < table.index("Cy Coe")


def test_every_kind_of_document_has_a_builder() -> None:
    assert set(BUILDERS) == {key for key, kind in KINDS.items() if not kind.is_plain}
