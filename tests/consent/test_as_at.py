"""Whatever happened in whatever order: the past told from the whole history is what the live answer was at the time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from oval_aup import agreements, consent, evidence, people
from oval_aup.agreements.shipped import shipped_versions
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import DomainError
from tests.people import builders

from .conftest import YEAR, Family

START = dt.datetime(2026, 9, 7, 9, 0, tzinfo=dt.UTC)
USES = st.sampled_from(["website", "press", "social-media"])
ADULTS = st.sampled_from(["ann", "bob"])
ANSWERS = st.sampled_from(["yes", "no"])
PAUSES = st.sampled_from([dt.timedelta(0), dt.timedelta(seconds=1), dt.timedelta(hours=5), dt.timedelta(days=3)])
ACTS = st.one_of(
    st.tuples(st.just("all"), ADULTS, ANSWERS),
    st.tuples(st.just("change"), ADULTS, USES, ANSWERS),
    st.tuples(st.just("void"), ADULTS),
    st.tuples(st.just("block")),
    st.tuples(st.just("lift")),
    st.tuples(st.just("publish")),
    st.tuples(st.just("unlink"), ADULTS),
    st.tuples(st.just("link"), ADULTS, st.sampled_from(["yes", "no", "unknown"]), st.sampled_from(["", "barred"])),
    st.tuples(st.just("leave")),
)

Verdicts = dict[str, consent.Permission]


@pytest.fixture(autouse=True)
def _founded_in_time() -> None:
    clock.travel_to(START - dt.timedelta(days=7))


def live(family: Family) -> Verdicts:
    return consent.permissions(family.db, [family.zara.person_id], YEAR)[family.zara.person_id]


def then(family: Family, past: evidence.Past) -> Verdicts:
    uses = consent.pictures_then(family.db, family.zara, past).uses
    return {use.purpose.key: use.permission for use in uses}


def publish_without_one_use(family: Family, number: int) -> None:
    """The next version of the words about pictures drops a use and asks about one that was part of school life."""
    (shipped,) = next(each for each in shipped_versions() if each[0]["agreement"] == "image-uses")
    clauses = [dict(clause) for clause in shipped["clauses"]][number % 3 :]
    agreements.publish(family.db, [{**shipped, "version": number, "clauses": clauses}], actor=SYSTEM)
    family.wording = agreements.current(family.db, consent.AGREEMENT)


def play(family: Family, act: tuple[str, ...]) -> None:
    """Let one thing happen; what the rules refuse does not happen."""
    kind, *more = act
    who = family.bob if more[:1] == ["bob"] else family.ann
    doings: dict[str, Callable[[], object]] = {
        "all": lambda: family.choose(who, family.zara, family.all_answers(more[1])),
        "change": lambda: family.change(who, family.zara, more[1], more[2]),
        "void": lambda: consent.invalidate(
            family.db,
            child=family.zara,
            guardian=who,
            school_year=YEAR,
            reason="wrong person",
            idempotency_key=family.key(),
            actor=SYSTEM,
        ),
        "block": lambda: consent.block(family.db, family.zara, school_year=YEAR, actor=SYSTEM),
        "lift": lambda: consent.unblock(family.db, family.zara, actor=SYSTEM),
        "publish": lambda: publish_without_one_use(family, family.wording.version_number + 1),
        "unlink": lambda: builders.end_guardianship(
            family.db, child_id=family.zara.person_id, guardian_id=who.person_id, actor=SYSTEM
        ),
        "link": lambda: builders.link_guardian(
            family.db,
            child_id=family.zara.person_id,
            guardian_id=who.person_id,
            parental_responsibility=more[1],
            contact_allowed=more[2] != "barred",
            actor=SYSTEM,
        ),
        "leave": lambda: people.archive_person(family.db, family.zara.person_id, actor=SYSTEM),
    }
    with suppress(DomainError):
        doings[kind]()


def lived(family: Family, history: list[tuple[dt.timedelta, tuple[str, ...]]]) -> list[tuple[dt.datetime, Verdicts]]:
    """Play a history and note after each act when it was and what was answered live."""
    clock.travel_to(START)
    told: list[tuple[dt.datetime, Verdicts]] = []
    for pause, act in history:
        clock.travel_to(clock.now() + pause)
        play(family, act)
        told.append((clock.now(), live(family)))
        assert then(family, evidence.past(family.db, clock.now())) == told[-1][1], "as at now is the live verdict"
    return told


@contextmanager
def undone(family: Family) -> Iterator[None]:
    """Take back everything that happens inside, so that each example meets the same family."""
    savepoint, before = family.db.begin_nested(), replace(family)
    try:
        yield
    finally:
        savepoint.rollback()
        family.db.expire_all()
        family.db.info.clear()
        family.__dict__.update(before.__dict__)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.tuples(PAUSES, ACTS), min_size=1, max_size=9))
def test_the_past_told_from_all_of_history_is_what_was_answered_then(
    family: Family, history: list[tuple[dt.timedelta, tuple[str, ...]]]
) -> None:
    with undone(family):
        told = lived(family, history)
        for at, verdicts in told:
            past = evidence.past(family.db, at)
            assert then(family, past) == verdicts


def test_entries_of_the_same_instant_are_told_apart_by_their_number(family: Family) -> None:
    clock.travel_to(START)
    family.choose(family.ann, family.zara, family.all_answers())
    family.change(family.ann, family.zara, "website", "no")
    last = evidence.head(family.db).size
    at = clock.now()
    assert then(family, evidence.Past(at, last - 1))["website"].verdict == "yes"
    assert then(family, evidence.Past(at, last))["website"].verdict == "no"


def test_a_clock_set_back_does_not_put_a_later_act_before_an_earlier_one(family: Family) -> None:
    clock.travel_to(START)
    family.choose(family.ann, family.zara, family.all_answers())
    clock.travel_to(START - dt.timedelta(days=1))
    family.change(family.ann, family.zara, "website", "no")
    assert then(family, evidence.past(family.db, START + dt.timedelta(hours=1)))["website"].verdict == "no"


def test_who_answered_is_named_with_the_answer_that_stood(family: Family) -> None:
    clock.travel_to(START)
    family.choose(family.ann, family.zara, family.all_answers())
    noon = evidence.past(family.db, clock.now())
    family.choose(family.bob, family.zara, family.all_answers("no"))
    website = next(
        use for use in consent.pictures_then(family.db, family.zara, noon).uses if use.purpose.key == "website"
    )
    assert [(said.name, said.answer, said.counts) for said in website.said] == [("Ann Khan", "yes", True)]
    now = evidence.past(family.db, clock.now())
    website = next(
        use for use in consent.pictures_then(family.db, family.zara, now).uses if use.purpose.key == "website"
    )
    assert website.permission.verdict == "conflict"
    assert [said.name for said in website.said] == ["Ann Khan", "Bob Khan"]


def test_before_the_first_wording_there_was_no_use(family: Family) -> None:
    long_ago = evidence.Past(START - dt.timedelta(days=4000), 0)
    assert consent.pictures_then(family.db, family.zara, long_ago).uses == ()


def test_a_use_that_is_gone_was_still_there_then(family: Family) -> None:
    clock.travel_to(START)
    family.choose(family.ann, family.zara, family.all_answers())
    before = evidence.past(family.db, clock.now())
    clock.travel_to(START + dt.timedelta(days=2))
    shipped = {use.key for use in consent.purposes(family.db)}
    publish_without_one_use(family, 2)
    now = {use.key for use in consent.purposes(family.db)}
    assert {use.purpose.key for use in consent.pictures_then(family.db, family.zara, before).uses} == shipped
    assert now < shipped


def let(family: Family, responsible: str, *, allowed: bool = True) -> dt.datetime:
    """The school's lists say this of Bob and Zara from now on; returns a moment at which they do."""
    builders.link_guardian(
        family.db,
        child_id=family.zara.person_id,
        guardian_id=family.bob.person_id,
        parental_responsibility=responsible,
        contact_allowed=allowed,
        actor=SYSTEM,
    )
    return clock.now()


def test_a_father_whose_responsibility_ended_in_june_had_a_say_in_march(family: Family) -> None:
    clock.travel_to(START)
    family.choose(family.bob, family.zara, family.all_answers())
    clock.travel_to(dt.datetime(2027, 6, 8, 9, 0, tzinfo=dt.UTC))
    let(family, "no")
    assert live(family)["website"].verdict == "missing"
    march = evidence.past(family.db, dt.datetime(2027, 3, 14, 23, 59, tzinfo=dt.UTC))
    assert then(family, march)["website"].verdict == "yes"
    said = {each.name: each.counts for each in consent.pictures_then(family.db, family.zara, march).uses[0].said}
    assert said == {"Bob Khan": True}
    july = evidence.past(family.db, clock.now() + dt.timedelta(days=30))
    assert then(family, july)["website"].verdict == "missing"
    said = {each.name: each.counts for each in consent.pictures_then(family.db, family.zara, july).uses[0].said}
    assert said == {"Bob Khan": False}


def test_two_changes_of_one_day_are_told_apart(family: Family) -> None:
    clock.travel_to(START)
    family.choose(family.bob, family.zara, family.all_answers())
    told = []
    for hour, responsible, allowed in ((9, "yes", False), (12, "yes", True), (15, "no", True)):
        clock.travel_to(dt.datetime(2026, 10, 5, hour, 0, tzinfo=dt.UTC))
        told.append((let(family, responsible, allowed=allowed), live(family)))
    assert [verdicts["website"].verdict for _at, verdicts in told] == ["missing", "yes", "missing"]
    for at, verdicts in told:
        assert then(family, evidence.past(family.db, at)) == verdicts
    before = evidence.past(family.db, dt.datetime(2026, 10, 5, 8, 59, tzinfo=dt.UTC))
    assert then(family, before)["website"].verdict == "yes"


def test_a_no_goes_on_counting_when_its_givers_link_ends(family: Family) -> None:
    clock.travel_to(START)
    family.choose(family.ann, family.zara, family.all_answers())
    family.choose(family.bob, family.zara, family.all_answers("no"))
    builders.end_guardianship(family.db, child_id=family.zara.person_id, guardian_id=family.bob.person_id, actor=SYSTEM)
    assert live(family)["website"].verdict == "conflict"
    assert live(family)["website"].broken_by == ("Bob Khan",)
    assert then(family, evidence.past(family.db, clock.now()))["website"].verdict == "conflict"
