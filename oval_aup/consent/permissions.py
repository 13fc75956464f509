"""Answers “may we use this child's picture for that?” for many children at once, and finds adults who disagree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from oval_aup import people
from oval_aup.consent.history import blocked_children, standing_answers
from oval_aup.consent.models import ConsentDecision
from oval_aup.consent.purposes import Purpose, purposes
from oval_aup.consent.resolve import ANY, SHOWN, GuardianAnswer, Resolution, resolve

CONFLICT_BATCH = 200


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
) -> dict[int, dict[str, Permission]]:
    """Child to purpose to permission for every child asked about, in a number of statements that does not grow.

    Only answers given in ``school_year`` count; of those a yes only from guardians with parental responsibility, a no
    from anybody.
    """
    wanted = sorted(set(child_ids))
    uses = purposes(db)
    links_of = people.guardians_of_children(db, wanted)
    standing = standing_answers(db, wanted, school_year)
    blocked = blocked_children(db, wanted)
    verdicts_of = {
        child_id: child_verdicts(
            uses,
            choosers(links_of.get(child_id, ())),
            standing.get(child_id, {}),
            blocked=child_id in blocked,
            policy=policy,
        )
        for child_id in wanted
    }
    broken_by = {id_ for verdicts in verdicts_of.values() for each in verdicts.values() for id_ in each.broken_by}
    named = names_of_guardians(db, broken_by, links_of)
    return {
        child_id: {
            key: Permission(key, each.verdict, tuple(named[id_] for id_ in each.broken_by))
            for key, each in verdicts.items()
        }
        for child_id, verdicts in verdicts_of.items()
    }


def child_verdicts(
    uses: Sequence[Purpose],
    asked: Mapping[int, bool],
    standing: Mapping[int, Mapping[str, GuardianAnswer]],
    *,
    blocked: bool = False,
    policy: str = ANY,
) -> dict[str, Resolution]:
    """One child's verdict for each use; touches no database.

    ``asked`` has every guardian who may choose, and whether their yes counts: it does not while nobody has said that
    they have parental responsibility, and then they are as good as silent. A no that stands counts whoever said it,
    also of somebody who may not choose any more; only the office can declare it invalid.
    """
    verdicts: dict[str, Resolution] = {}
    for use in uses:
        answers: dict[int, str | None] = dict.fromkeys(asked)
        for guardian_id, given in standing.items():
            said = given.get(use.key)
            if said is not None and (said.answer == "no" or asked.get(guardian_id, False)):
                answers[guardian_id] = said.answer
        verdicts[use.key] = resolve(answers, basis=use.basis, blocked=blocked, policy=policy)
    return verdicts


Link = people.GuardianshipRow | people.GuardianshipThen


def choosers(links: Iterable[Link]) -> dict[int, bool]:
    """The guardians who are asked about pictures, by id, and whether a yes of theirs counts."""
    return {link.guardian.person_id: link.counts for link in links if link.may_choose}


def names_of_guardians(db: Session, wanted: set[int], links_of: Mapping[int, Sequence[Link]]) -> dict[int, str]:
    """Names of guardians, looked up only for those who are not linked any more."""
    named = {link.guardian.person_id: link.guardian.full_name for links in links_of.values() for link in links}
    gone = people.persons_by_id(db, wanted - set(named)) if wanted - set(named) else {}
    return named | {id_: row.full_name for id_, row in gone.items()}


def foreseen(
    db: Session, links_of: Mapping[int, Sequence[Link]], school_year: int, *, without: Collection[tuple[int, int]] = ()
) -> dict[int, dict[str, Resolution]]:
    """Child to use to verdict as it would be with these links, and without the answers of some (child, guardian)."""
    standing = standing_answers(db, links_of, school_year)
    blocked = blocked_children(db, links_of)
    uses = purposes(db)
    return {
        child_id: child_verdicts(
            uses,
            choosers(links),
            {
                guardian_id: answers
                for guardian_id, answers in standing.get(child_id, {}).items()
                if (child_id, guardian_id) not in without
            },
            blocked=child_id in blocked,
        )
        for child_id, links in links_of.items()
    }


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
                found.append(_conflict(db, child_id, links.get(child_id, ()), keys, standing[child_id]))
            if len(found) == limit:
                return tuple(found)
    return tuple(found)


def _conflict(
    db: Session,
    child_id: int,
    links: Sequence[people.GuardianshipRow],
    keys: Sequence[str],
    standing: Mapping[int, Mapping[str, GuardianAnswer]],
) -> ConflictRow:
    said: dict[str, list[str]] = {"yes": [], "no": []}
    counted = choosers(links)
    named = names_of_guardians(db, set(standing), {child_id: links})
    for guardian_id, answers in standing.items():
        for answer, names in said.items():
            heard = answer == "no" or counted.get(guardian_id, False)
            if heard and any(key in answers and answers[key].answer == answer for key in keys):
                names.append(named[guardian_id])
    child = links[0].child if links else people.child_by_id(db, child_id)
    return ConflictRow(child, tuple(keys), tuple(said["yes"]), tuple(said["no"]))


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
