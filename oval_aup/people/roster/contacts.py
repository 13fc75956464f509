"""Which contact of a list is which guardian of the roster, and what the list changes about them and their links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from oval_aup.core.i18n import _
from oval_aup.people.names import folded
from oval_aup.people.roster.children import ChildOfFile
from oval_aup.people.roster.current import Current, CurrentGuardian, CurrentLink, CurrentStaff
from oval_aup.people.roster.grouping import ContactOfFile, are_alike, double_key, known_as
from oval_aup.people.roster.plan import GUARDIAN, Change, Double, ImportPlan, Joiner
from oval_aup.people.roster.values import renamed
from oval_aup.people.telephones import telephone_key


@dataclass(slots=True)
class Known:
    """The guardians of the roster, by everything they can be recognised by."""

    now: Current
    by_number: dict[str, CurrentGuardian] = field(default_factory=dict)
    by_mail_and_name: dict[tuple[str, str], list[CurrentGuardian]] = field(default_factory=lambda: defaultdict(list))
    names: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Every spelling of each guardian, those of records joined to theirs too; ``numbers`` are of such records."""
    numbers: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_child: dict[int, list[CurrentGuardian]] = field(default_factory=lambda: defaultdict(list))
    children_of: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    staff_by_email: dict[str, CurrentStaff] = field(default_factory=dict)
    numbers_in_file: frozenset[str] = frozenset()
    taken: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for guardian in self.now.guardians.values():
            if guardian.contact_id:
                self.by_number[guardian.contact_id] = guardian
            if guardian.email:
                self.by_mail_and_name[guardian.email, _name(guardian)].append(guardian)
            self.names[guardian.person_id].add(_name(guardian))
        for alias in self.now.aliases:
            if not (target := self.now.guardians.get(alias.person_id)):
                continue
            name = known_as(alias.title, alias.forename, alias.surname)
            self.names[target.person_id].add(name)
            if alias.contact_id:
                self.numbers[target.person_id].add(alias.contact_id)
                self.by_number.setdefault(alias.contact_id, target)
            if alias.email:
                self.by_mail_and_name[alias.email, name].append(target)
        for child_id, guardian_id in self.now.links:
            self.by_child[child_id].append(self.now.guardians[guardian_id])
            self.children_of[guardian_id].append(child_id)
        for member in self.now.staff.values():
            if member.email and member.person_id not in self.now.guardians:
                self.staff_by_email[member.email] = member

    def is_free_for(self, guardian: CurrentGuardian, contact: ContactOfFile) -> bool:
        """Whether nobody else of the file is this guardian, and their contact numbers do not speak against it."""
        number = contact.first("contact_id")
        if guardian.person_id in self.taken:
            return False
        return not number or not guardian.contact_id or guardian.contact_id not in self.numbers_in_file

    def beside(self, contact: ContactOfFile) -> Iterable[CurrentGuardian]:
        """Guardians on the roster of the children this contact stands beside."""
        for mention in contact.mentions:
            if mention.child.existing:
                yield from self.by_child.get(mention.child.existing.person_id, ())

    def in_household(self, contact: ContactOfFile) -> Iterable[CurrentGuardian]:
        """Guardians of the brothers and sisters of those children."""
        for guardian in list(self.beside(contact)):
            for sibling in self.children_of[guardian.person_id]:
                yield from self.by_child[sibling]


def _name(guardian: CurrentGuardian) -> str:
    return known_as(guardian.title, guardian.forename, guardian.surname)


def _first_name(forename: str) -> str:
    return folded(forename).partition(" ")[0]


def _by_mail_beside(contact: ContactOfFile, known: Known) -> Iterable[CurrentGuardian]:
    email = contact.first("email")
    return (g for g in known.beside(contact) if email and g.email == email and known.names[g.person_id] & contact.names)


def _by_mail(contact: ContactOfFile, known: Known) -> Iterable[CurrentGuardian]:
    email = contact.first("email")
    return (g for name in sorted(contact.names) for g in known.by_mail_and_name.get((email, name), ()))


def _by_name_beside(contact: ContactOfFile, known: Known) -> Iterable[CurrentGuardian]:
    telephone = telephone_key(contact.first("mobile"))
    alike = [g for g in known.beside(contact) if known.names[g.person_id] & contact.names]
    return sorted(alike, key=lambda g: (telephone_key(g.mobile) != telephone, g.person_id))


def _by_forename_beside(contact: ContactOfFile, known: Known) -> Iterable[CurrentGuardian]:
    """A new surname, as after a marriage, at the same address or telephone."""
    email, telephone = contact.first("email"), telephone_key(contact.first("mobile"))
    forename = _first_name(contact.first("forename"))
    return (
        g
        for g in known.beside(contact)
        if forename
        and _first_name(g.forename) == forename
        and ((email and g.email == email) or (telephone and telephone_key(g.mobile) == telephone))
    )


def _by_name_in_household(contact: ContactOfFile, known: Known) -> Iterable[CurrentGuardian]:
    email = contact.first("email")
    return (
        g
        for g in known.in_household(contact)
        if known.names[g.person_id] & contact.names and (not email or g.email in {"", email})
    )


_WAYS: tuple[Callable[[ContactOfFile, Known], Iterable[CurrentGuardian]], ...] = (
    _by_mail_beside,
    _by_mail,
    _by_name_beside,
    _by_forename_beside,
    _by_name_in_household,
)
"""Surest first; each way is tried for everybody before the next, so that nobody is taken by a weaker claim."""


def identify_contacts(
    contacts: list[ContactOfFile], now: Current, plan: ImportPlan, answers: Mapping[str, str]
) -> list[ContactOfFile]:
    """Find each contact on the roster, or give them a new number; returns those who can be used.

    ``answers`` maps the key of a ``Double`` to ``one`` or ``two``.
    """
    known = Known(now)
    known.numbers_in_file = frozenset(filter(None, (contact.first("contact_id") for contact in contacts)))
    open_: list[ContactOfFile] = []
    usable: list[ContactOfFile] = []
    for contact in contacts:
        found = known.by_number.get(contact.first("contact_id"))
        if found is None:
            open_.append(contact)
        elif _too_unlike(contact, found) and not known.names[found.person_id] & contact.names:
            plan.warn(
                contact.row,
                _(
                    "Contact number %(number)s was %(one)s and is now %(other)s:"
                    " too unlike to be one person, so this contact was left out.",
                    number=found.contact_id,
                    one=found.full_name,
                    other=contact.full_name,
                ),
            )
            known.taken.add(found.person_id)
            for mention in contact.mentions:
                mention.child.doubtful = True
        else:
            _take(contact, found, known, usable)
    for way in _WAYS:
        rest = []
        for contact in open_:
            found = next((g for g in way(contact, known) if known.is_free_for(g, contact)), None)
            if found is None:
                rest.append(contact)
            else:
                _take(contact, found, known, usable)
        open_ = rest
    for contact in open_:
        if found := _double_on_roster(contact, known, plan, answers):
            _take(contact, found, known, usable)
            continue
        contact.ref = _staff_person(contact, known, plan) or plan.writes.new_person(
            contact.first("title"), contact.first("forename"), contact.first("surname")
        )
        usable.append(contact)
    usable.sort(key=lambda contact: contact.row)
    return usable


def _double_on_roster(
    contact: ContactOfFile, known: Known, plan: ImportPlan, answers: Mapping[str, str]
) -> CurrentGuardian | None:
    """The guardian at the same address or telephone with a name alike whom the office says this contact is."""
    entry = contact.mentions[0].entry
    email, telephone = contact.first("email"), telephone_key(contact.first("mobile"))
    for guardian in known.now.guardians.values():
        same_mail = email and guardian.email == email
        same_telephone = telephone and telephone_key(guardian.mobile) == telephone
        if not (same_mail or same_telephone) or not known.is_free_for(guardian, contact):
            continue
        if contact.name == _name(guardian) or not are_alike(entry, guardian):
            continue
        key = f"people:{guardian.person_id}:{double_key(contact.mentions[0], contact.mentions[0])[7:]}"
        answer = answers.get(key, "")
        common = guardian.email if same_mail else guardian.mobile
        described = _("%(name)s in our records (%(common)s)", name=guardian.full_name, common=common)
        plan.doubles.append(Double(contact.row, key, contact.full_name, described, answer))
        if answer == "one":
            return guardian
        if not answer:
            told = _("%(one)s may be %(other)s.", one=contact.full_name, other=described)
            plan.warn(contact.row, told)
        return None
    return None


def _take(contact: ContactOfFile, found: CurrentGuardian, known: Known, usable: list[ContactOfFile]) -> None:
    contact.existing, contact.ref = found, found.person_id
    contact.other_names = frozenset(known.names[found.person_id] - {_name(found)})
    contact.other_numbers = frozenset(known.numbers[found.person_id])
    known.taken.add(found.person_id)
    usable.append(contact)


def _too_unlike(contact: ContactOfFile, found: CurrentGuardian) -> bool:
    same_forename = _first_name(contact.first("forename")) == _first_name(found.forename) != ""
    same_surname = folded(contact.first("surname")) == folded(found.surname) != ""
    email = contact.first("email")
    return not (same_forename or same_surname or contact.name == _name(found) or (email and email == found.email))


def _staff_person(contact: ContactOfFile, known: Known, plan: ImportPlan) -> int:
    """The staff member who is this parent too: same email, same forename; 0 where there is none."""
    member = known.staff_by_email.get(contact.first("email"))
    if member is None:
        return 0
    forenames = {_first_name(member.forename), _first_name(member.preferred_forename)} - {""}
    if _first_name(contact.first("forename")) not in forenames:
        return 0
    del known.staff_by_email[member.email]
    told = {"title": contact.first("title")}
    if not contact.mentions[0].entry.split:
        told |= {"forename": contact.first("forename"), "surname": contact.first("surname")}
    renamed = {name: new for name, new in told.items() if new and new != getattr(member, name)}
    if renamed:  # a parent is called what the contacts list calls them
        plan.writes.person_changes.setdefault(member.person_id, {}).update(renamed)
    return member.person_id


def compare_contacts(contacts: list[ContactOfFile], plan: ImportPlan, *, tell_blank_emails: bool) -> None:
    """Note the new guardians and what changes about known ones; blank cells change nothing."""
    for contact in contacts:
        emails = list(dict.fromkeys(m.entry.email for m in contact.mentions if m.entry.email))
        if len(emails) > 1:
            told = _(
                "%(name)s has several email addresses in this file; %(email)s is used.",
                name=contact.full_name,
                email=emails[0],
            )
            plan.warn(contact.row, told)
        if contact.existing is None:
            _add(contact, plan)
            continue
        _compare(contact, contact.existing, plan)
        if tell_blank_emails and not emails and contact.existing.email:
            told = _(
                "The file has no email address for %(name)s; %(email)s is kept.",
                name=contact.full_name,
                email=contact.existing.email,
            )
            plan.warn(contact.row, told)


def _add(contact: ContactOfFile, plan: ImportPlan) -> None:
    plan.writes.guardians[contact.ref] = {
        "contact_id": contact.first("contact_id"),
        "email": contact.first("email"),
        "mobile": contact.first("mobile"),
        "language": contact.first("language") or "en",
    }
    beside = ", ".join(dict.fromkeys(m.child.name for m in contact.mentions))
    plan.joiners.append(Joiner(contact.row, GUARDIAN, contact.full_name, _("for %(names)s", names=beside)))


def _compare(contact: ContactOfFile, found: CurrentGuardian, plan: ImportPlan) -> None:
    told = {name: contact.first(name) for name in ("contact_id", "email", "mobile", "language")}
    person = {"title": contact.first("title")} if contact.first("title") else {}
    if told["contact_id"] in contact.other_numbers:
        told["contact_id"] = ""
    spelt_anew = not contact.mentions[0].entry.split or contact.name != _name(found) or not found.forename
    if spelt_anew and contact.name not in contact.other_names:
        names = (contact.first("forename"), contact.first("surname"))
        person |= renamed((found.forename, found.surname), names)
    if telephone_key(told["mobile"]) == telephone_key(found.mobile):
        told["mobile"] = ""  # only spaced differently
    labels = {
        "contact_id": _("Contact number"),
        "email": _("Email"),
        "mobile": _("Telephone"),
        "language": _("Language"),
    }
    labels |= {"title": _("Title"), "forename": _("Forename"), "surname": _("Surname")}
    for name, new in (person | told).items():
        old = getattr(found, name)
        if new == old or (not new and name not in {"forename", "surname"}):
            continue
        plan.changes.append(Change(contact.row, GUARDIAN, found.person_id, found.full_name, labels[name], old, new))
        target = plan.writes.person_changes if name in person else plan.writes.guardian_changes
        target.setdefault(found.person_id, {})[name] = new


@dataclass(slots=True)
class Link:
    """What the file says about one contact and one child, over all rows that name both."""

    row: int
    contact: ContactOfFile
    child: ChildOfFile
    relationship_name: str = ""
    parental_responsibility: str = ""
    barred: bool | None = None
    lives_with: bool | None = None
    priority: int | None = None


def links_of_file(contacts: list[ContactOfFile]) -> list[Link]:
    """One link for each contact and child, first filled-in value of each field first."""
    links: dict[tuple[int, int], Link] = {}
    for contact in contacts:
        for mention in contact.mentions:
            entry = mention.entry
            link = links.setdefault((mention.child.ref, contact.ref), Link(mention.row, contact, mention.child))
            link.relationship_name = link.relationship_name or entry.relationship_name
            link.parental_responsibility = link.parental_responsibility or entry.parental_responsibility
            link.barred = entry.barred if link.barred is None else link.barred or bool(entry.barred)
            link.lives_with = entry.lives_with if link.lives_with is None else link.lives_with
            link.priority = link.priority or entry.priority
    return sorted(links.values(), key=lambda link: link.row)


def compare_links(links: list[Link], now: Current, plan: ImportPlan, *, authoritative: bool) -> None:
    """Note new and changed links; a list that is not ``authoritative`` about links only fills blanks."""
    for link in links:
        key = (link.child.ref, link.contact.ref)
        found = now.links.get(key)
        if found is None:
            _add_link(link, plan)
        else:
            _compare_link(link, found, plan, authoritative=authoritative)


def _add_link(link: Link, plan: ImportPlan) -> None:
    plan.writes.links[link.child.ref, link.contact.ref] = {
        "relationship_name": link.relationship_name,
        "parental_responsibility": link.parental_responsibility or "unknown",
        "contact_allowed": not link.barred,
        "lives_with": link.lives_with,
        "priority": link.priority or 1,
    }
    if link.contact.existing and link.child.existing:
        name, child = link.contact.existing.full_name, link.child.name
        field_, said = _("Contact of %(name)s", name=child), link.relationship_name or _("yes")
        plan.changes.append(Change(link.row, GUARDIAN, link.contact.ref, name, field_, "", said))


def _compare_link(link: Link, found: CurrentLink, plan: ImportPlan, *, authoritative: bool) -> None:
    differences: list[tuple[str, str, str, str, object]] = []

    def differs(name: str, label: str, new: object, blank: object) -> None:
        old = getattr(found, name)
        if new not in (None, "") and new != old and (authoritative or old in (blank, None)):
            differences.append((name, label, _shown(old), _shown(new), new))

    differs("relationship_name", _("Relationship"), link.relationship_name, "")
    differs("parental_responsibility", _("Parental responsibility"), link.parental_responsibility, "unknown")
    differs("lives_with", _("Lives with"), link.lives_with, None)
    if authoritative:
        differs("priority", _("Priority"), link.priority, None)
    if link.barred is not None and (authoritative or link.barred):
        differs("contact_allowed", _("Contact allowed"), not link.barred, True)
    name, child = link.contact.full_name, link.child.name
    if found.ended:
        differences.append(("ended_on", "", _("ended"), link.relationship_name or _("yes"), None))
    for column, label, old, new, value in differences:
        described = f"{label}: {child}" if label else _("Contact of %(name)s", name=child)
        plan.changes.append(Change(link.row, GUARDIAN, found.guardian_id, name, described, old, new))
        plan.writes.link_changes.setdefault(found.id, {})[column] = value
        if column == "contact_allowed" and value:
            told = _(
                "%(name)s is no longer barred in this file and will be written to about %(child)s again.",
                name=name,
                child=child,
            )
            plan.warn(link.row, told)


def _shown(value: object) -> str:
    if value is None:
        return _("not known")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)
