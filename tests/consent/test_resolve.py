"""Block, then no, then missing, then yes: whatever the order of answers and however many adults there are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oval_aup.consent.resolve import ALL_ASKED, ANY, POLICIES, Decision, fold, resolve
from oval_aup.core.errors import Invalid

answer_sets = st.dictionaries(st.integers(1, 6), st.sampled_from(["yes", "no", None]), max_size=6)
policies = st.sampled_from(POLICIES)
acts = st.lists(
    st.builds(
        Decision,
        guardian_id=st.integers(1, 3),
        purpose_key=st.sampled_from(["website", "press"]),
        act=st.sampled_from(["given", "refused", "withdrawn", "invalidated"]),
        ledger_seq=st.integers(1, 99),
        version_text_id=st.just(1),
    ),
    max_size=20,
)


@pytest.mark.parametrize(
    ("answers", "by_any", "by_all"),
    [
        ([], "missing", "missing"),
        ([None], "missing", "missing"),
        (["yes"], "yes", "yes"),
        (["no"], "no", "no"),
        (["yes", None], "yes", "missing"),
        (["yes", "yes"], "yes", "yes"),
        (["no", None], "no", "no"),
        (["no", "no"], "no", "no"),
        (["yes", "no"], "conflict", "conflict"),
        (["yes", "no", None], "conflict", "conflict"),
    ],
)
def test_answers_add_up(answers: list[str | None], by_any: str, by_all: str) -> None:
    numbered = dict(enumerate(answers, start=1))
    assert resolve(numbered, policy=ANY).verdict == by_any
    assert resolve(numbered, policy=ALL_ASKED).verdict == by_all


@given(answer_sets, policies)
def test_a_block_outweighs_everything(answers: dict[int, str | None], policy: str) -> None:
    for basis in ("consent", "public_task", "not_used"):
        assert resolve(answers, basis=basis, blocked=True, policy=policy).verdict == "blocked"


@given(answer_sets, policies)
def test_a_use_that_is_not_asked_never_depends_on_answers(answers: dict[int, str | None], policy: str) -> None:
    for basis in ("public_task", "not_used"):
        assert resolve(answers, basis=basis, policy=policy).verdict == basis


@given(answer_sets, policies)
def test_one_no_is_enough_and_is_named(answers: dict[int, str | None], policy: str) -> None:
    verdict = resolve({**answers, 7: "no"}, policy=policy)
    assert verdict.verdict in ("no", "conflict")
    assert set(verdict.broken_by) == {id_ for id_, answer in answers.items() if answer == "no"} | {7}


@given(answer_sets, policies)
def test_one_more_answer_that_is_not_yes_never_turns_into_a_yes(answers: dict[int, str | None], policy: str) -> None:
    if resolve(answers, policy=policy).verdict != "yes":
        assert resolve({**answers, 7: "no"}, policy=policy).verdict != "yes"
        assert resolve({**answers, 7: None}, policy=policy).verdict != "yes"


@given(answer_sets)
def test_asking_for_everybodys_yes_is_never_laxer(answers: dict[int, str | None]) -> None:
    if resolve(answers, policy=ALL_ASKED).verdict == "yes":
        assert resolve(answers, policy=ANY).verdict == "yes"


@given(answer_sets, policies)
def test_a_yes_needs_somebody_to_have_said_it(answers: dict[int, str | None], policy: str) -> None:
    if resolve(answers, policy=policy).verdict == "yes":
        assert "yes" in answers.values()


@given(answer_sets, policies, st.randoms())
def test_the_order_of_adults_does_not_matter(answers: dict[int, str | None], policy: str, random: object) -> None:
    backwards = dict(reversed(list(answers.items())))
    assert resolve(answers, policy=policy).verdict == resolve(backwards, policy=policy).verdict


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(Invalid):
        resolve({}, policy="majority")


@given(acts)
def test_only_the_last_act_of_each_adult_on_each_use_stands(decisions: list[Decision]) -> None:
    last = {(each.guardian_id, each.purpose_key): each for each in decisions}
    says = {"given": "yes", "refused": "no", "withdrawn": "no", "invalidated": None}
    standing = fold(decisions)
    for guardian in (1, 2, 3):
        for use in ("website", "press"):
            act = last.get((guardian, use))
            found = standing.get(guardian, {}).get(use)
            assert (found.answer if found else None) == (says[act.act] if act else None)
            if found and act:
                assert found.ledger_seq == act.ledger_seq


@given(acts, acts)
def test_folding_more_history_starts_from_where_it_stood(earlier: list[Decision], later: list[Decision]) -> None:
    whole, so_far, since = fold([*earlier, *later]), fold(earlier), fold(later)
    spoken = {(each.guardian_id, each.purpose_key) for each in later}
    for guardian, answers in whole.items():
        for use, standing in answers.items():
            source = since if (guardian, use) in spoken else so_far
            assert source[guardian][use] == standing


def test_severity_never_falls_as_answers_get_stricter() -> None:
    ladder: list[dict[int, str | None]] = [
        {1: "yes", 2: "yes"},
        {1: "yes", 2: None},
        {1: None, 2: None},
        {1: "no", 2: None},
    ]
    order = ["yes", "missing", "conflict", "no"]
    ranks = [order.index(resolve(answers, policy=ALL_ASKED).verdict) for answers in ladder]
    assert all(before <= after for before, after in pairwise(ranks))
