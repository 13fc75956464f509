"""Answers “may we use this child's picture for that?” for many children at once, and finds adults who disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from oval_aup import evidence, people
from oval_aup.consent.history import blocked_children, standing_answers
from oval_aup.consent.models import ConsentDecision
from oval_aup.consent.purposes import Purpose, purposes
from oval_aup.consent.resolve import ANY, Standing, Verdict, resolve

CONFLICT_BATCH = 200

SHOWN = {"public_task": "yes", "not_used": "no", "conflict": "no"}
"""Verdicts whose reason is the office's business: a class sees what follows from them."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether one child's pictures may be used for one purpose."""

    purpose_key: str
    verdict: str
    """``yes``, ``no``, ``missing``, ``conflict``, ``blocked``, ``not_used`` or ``public_task``."""
    broken_by: tuple[str, ...] = ()
    """For the office alone: the names of those who said no or, where it is ``missing``, have not answered."""

    @property
    def allowed(self) -> bool:
        """Whether the picture may be used: a yes, or part of the school's public task."""
        return self.verdict in ("yes", "public_task")

    @property
    def shown(self) -> str:
        """What staff outside the office may see of it: ``yes``, ``no``, ``missing`` or ``blocked``."""
        return SHOWN.get(self.verdict, self.verdict)


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A child whose adults disagree, for the office to settle with them."""

    child: people.ChildRow
    purpose_keys: tuple[str, ...]
    said_yes: tuple[str, ...]
    said_no: tuple[str, ...]


def permissions(
    db: Session,
    child_ids: Iterable[int],
    school_year: int,
    *,
    policy: str = ANY,
    past: evidence.Past | None = None,
) -> dict[int, dict[str, Permission]]:
    """Child to purpose to permission for every child asked about, in a number of statements that does not grow.

    Only answers given in ``school_year`` count, and only those of guardians who may choose for the child. With ``past``
    it answers for that moment from the history up to it: who might choose then comes from ``people.guardians_then``.
    """
    wanted = sorted(set(child_ids))
    uses = purposes(db, at=past.at if past else None)
    counted_of = _choosers_of(db, wanted, past)
    standing = standing_answers(db, wanted, school_year, past=past)
    blocked = blocked_children(db, wanted, past=past)
    found: dict[int, dict[str, Permission]] = {}
    for child_id in wanted:
        counted = counted_of.get(child_id, {})
        verdicts = child_verdicts(uses, counted, standing.get(child_id, {}), blocked=child_id in blocked, policy=policy)
        found[child_id] = {
            key: Permission(key, each.verdict, tuple(counted[id_] for id_ in each.broken_by))
            for key, each in verdicts.items()
        }
    return found


def child_verdicts(
    uses: Sequence[Purpose],
    counted: Iterable[int],
    standing: Mapping[int, Mapping[str, Standing]],
    *,
    blocked: bool = False,
    policy: str = ANY,
) -> dict[str, Verdict]:
    """One child's verdict for each use from what its counted guardians answer; touches no database."""
    guardian_ids = tuple(counted)
    verdicts: dict[str, Verdict] = {}
    for use in uses:
        answers: dict[int, str | None] = {}
        for guardian_id in guardian_ids:
            said = standing.get(guardian_id, {}).get(use.key)
            answers[guardian_id] = said.answer if said else None
        verdicts[use.key] = resolve(answers, basis=use.basis, blocked=blocked, policy=policy)
    return verdicts


def choosers(links: Iterable[people.GuardianshipRow | people.GuardianshipThen]) -> dict[int, str]:
    """The guardians whose answer counts, by id, with their names."""
    return {link.guardian.person_id: link.guardian.full_name for link in links if link.may_choose}


def _choosers_of(db: Session, child_ids: Sequence[int], past: evidence.Past | None) -> dict[int, dict[int, str]]:
    if past is None:
        return {id_: choosers(links) for id_, links in people.guardians_of_children(db, child_ids).items()}
    return {id_: choosers(links) for id_, links in people.guardians_then(db, child_ids, past.at).items()}


def conflicts(db: Session, school_year: int, limit: int = 50, *, policy: str = ANY) -> tuple[ConflictRow, ...]:
    """Up to ``limit`` children whose adults disagree about at least one use."""
    found: list[ConflictRow] = []
    for batch in _disputed(db, school_year):
        links = people.guardians_of_children(db, batch)
        standing = standing_answers(db, batch, school_year)
        verdicts = permissions(db, batch, school_year, policy=policy)
        for child_id in batch:
            keys = tuple(key for key, each in verdicts[child_id].items() if each.verdict == "conflict")
            if keys:
                found.append(_conflict(links[child_id], keys, standing[child_id]))
            if len(found) == limit:
                return tuple(found)
    return tuple(found)


def _conflict(
    links: Sequence[people.GuardianshipRow], keys: Sequence[str], standing: Mapping[int, Mapping[str, Standing]]
) -> ConflictRow:
    said: dict[str, list[str]] = {"yes": [], "no": []}
    for guardian_id, name in choosers(links).items():
        answers = standing.get(guardian_id, {})
        for answer, names in said.items():
            if any(key in answers and answers[key].answer == answer for key in keys):
                names.append(name)
    return ConflictRow(links[0].child, tuple(keys), tuple(said["yes"]), tuple(said["no"]))


def _disputed(db: Session, school_year: int) -> Iterator[list[int]]:
    """Children about whom one adult ever said yes and another no this year, batch by batch; some have settled since."""
    agreeing, refusing = aliased(ConsentDecision), aliased(ConsentDecision)
    after = 0
    while True:
        batch = list(
            db.scalars(
                sa.select(refusing.child_id)
                .join(
                    agreeing,
                    sa.and_(
                        agreeing.child_id == refusing.child_id,
                        agreeing.school_year == refusing.school_year,
                        agreeing.purpose_key == refusing.purpose_key,
                        agreeing.guardian_id != refusing.guardian_id,
                        agreeing.act == "given",
                    ),
                )
                .where(
                    refusing.school_year == school_year,
                    refusing.act.in_(("refused", "withdrawn")),
                    refusing.child_id > after,
                )
                .distinct()
                .order_by(refusing.child_id)
                .limit(CONFLICT_BATCH)
            )
        )
        if not batch:
            return
        yield batch
        after = batch[-1]
