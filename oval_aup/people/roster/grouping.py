"""Which mentions of a contact in one file are one person: by number, by email and name, or by name in a household."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import combinations
from typing import Protocol

from oval_aup.core.i18n import _
from oval_aup.people.names import folded
from oval_aup.people.roster.children import ChildOfFile
from oval_aup.people.roster.current import Alias, Current, CurrentGuardian
from oval_aup.people.roster.entries import ContactEntry
from oval_aup.people.roster.plan import Double, ImportPlan
from oval_aup.people.telephones import telephone_key


class Named(Protocol):
    """Anybody with a name in two parts."""

    @property
    def forename(self) -> str: ...
    @property
    def surname(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Mention:
    """One contact in one row, beside one child."""

    row: int
    child: ChildOfFile
    entry: ContactEntry
    name: str
    """As ``known_as`` has it."""


@dataclass(eq=False, slots=True)
class ContactOfFile:
    """A contact as the whole file gives them."""

    mentions: list[Mention] = field(default_factory=list)
    existing: CurrentGuardian | None = None
    ref: int = 0
    other_names: frozenset[str] = frozenset()
    """How the guardian was called in records that were joined to theirs; ``other_numbers`` are those records'."""
    other_numbers: frozenset[str] = frozenset()

    @property
    def row(self) -> int:
        return self.mentions[0].row

    @property
    def name(self) -> str:
        """As ``known_as`` has it, as first given."""
        return self.mentions[0].name

    @property
    def names(self) -> frozenset[str]:
        """Every spelling of the name in this file."""
        return frozenset(mention.name for mention in self.mentions)

    @property
    def full_name(self) -> str:
        return self.mentions[0].entry.full_name

    def first(self, attribute: str) -> str:
        """The first filled-in value among the mentions, or an empty string."""
        return next((value for m in self.mentions if (value := str(getattr(m.entry, attribute)))), "")


class Joined:
    """Sets of things that turn out to belong together."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, item: int) -> int:
        """The one that stands for the item's whole set."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        """Make one set of two; the smaller number stands for it."""
        first, second = sorted((self.root(one), self.root(other)))
        self._parent[second] = first


def known_as(title: str, forename: str, surname: str) -> str:
    """The folded full name, with the title where there is no forename: Mr Reed and Mrs Reed are two people."""
    if forename or not title:
        return folded(f"{forename} {surname}")
    plain = folded(title)
    return folded(f"{'ms' if plain in {'mrs', 'miss'} else plain} {surname}")


def contacts_of_file(
    children: Iterable[ChildOfFile], now: Current, plan: ImportPlan, answers: Mapping[str, str]
) -> list[ContactOfFile]:
    """Gather the mentions of each contact, in the order of the file.

    ``answers`` maps the key of a ``Double`` to ``one`` or ``two``.
    """
    mentions = [
        Mention(line.row, child, entry, known_as(entry.title, entry.forename, entry.surname))
        for child in children
        for line in child.lines
        for entry in line.contacts
    ]
    mentions = _one_name_per_number(mentions, plan)
    mentions.sort(key=lambda mention: mention.row)
    sets = _Sets(mentions)
    sets.join_by("number", lambda m: m.entry.contact_id)
    sets.join_by("mail", lambda m: m.entry.email and (m.entry.email, m.name))
    sets.join_by("telephone", lambda m: m.entry.mobile and (telephone_key(m.entry.mobile), m.name))
    sets.join_by("child", lambda m: (id(m.child), m.name))
    known = frozenset(guardian.contact_id for guardian in now.guardians.values() if guardian.contact_id)
    _join_repeated(sets, known, plan)
    households = _households(mentions, sets, now)
    sets.join_by("household", lambda m: (households[id(m.child)], m.name))
    _ask_about_doubles(sets, now, plan, answers)
    gathered: dict[int, ContactOfFile] = {}
    for place, mention in enumerate(mentions):
        gathered.setdefault(sets.joined.root(place), ContactOfFile()).mentions.append(mention)
    return list(gathered.values())


def _one_name_per_number(mentions: list[Mention], plan: ImportPlan) -> list[Mention]:
    first: dict[str, Mention] = {}
    kept = []
    for mention in mentions:
        number = mention.entry.contact_id
        earlier = first.setdefault(number, mention) if number else mention
        if earlier.name != mention.name:
            plan.warn(
                mention.row,
                _(
                    "Contact number %(number)s is %(one)s in row %(row)s but %(other)s here;"
                    " this contact was left out.",
                    number=number,
                    one=earlier.entry.full_name,
                    row=earlier.row,
                    other=mention.entry.full_name,
                ),
            )
            mention.child.doubtful = True
            continue
        kept.append(mention)
    return kept


def _join_repeated(sets: _Sets, known: frozenset[str], plan: ImportPlan) -> None:
    """Rows that name one contact of a child twice, the same but for the number, are one person.

    Where both numbers are people of the roster already, each with a history, a person decides instead.
    """
    first: dict[object, int] = {}
    for place, mention in enumerate(sets.mentions):
        entry = mention.entry
        if not (entry.email or entry.mobile):
            continue
        told = (id(mention.child), mention.name, entry.email, telephone_key(entry.mobile))
        other = first.setdefault((*told, folded(entry.relationship_name)), place)
        if sets.joined.root(other) == sets.joined.root(place):
            continue
        earlier = sets.mentions[other]
        if earlier.row == mention.row or {earlier.entry.contact_id, entry.contact_id} <= known:
            continue
        sets.join(other, place)
        plan.warn(
            mention.row,
            _(
                "%(name)s is also in row %(row)s, with another contact number: they are treated as one person.",
                name=entry.full_name,
                row=earlier.row,
            ),
        )


def _ask_about_doubles(sets: _Sets, now: Current, plan: ImportPlan, answers: Mapping[str, str]) -> None:
    """Propose contacts at one address or telephone whose names are alike as one person; a person decides."""
    for one, other in _doubles(sets):
        first, second = sets.mentions[one], sets.mentions[other]
        here, there = (on_roster(mention, now) for mention in (first, second))
        if here and there and not here & there:
            continue  # two people of the roster: they are joined there, with their histories
        if sets.joined.root(one) == sets.joined.root(other):
            continue
        key = double_key(first, second)
        answer = answers.get(key, "") or ("one" if _joined_before(sets, other, here, now) else "")
        answer = answer or ("one" if _joined_before(sets, one, there, now) else "")
        common = second.entry.email if second.entry.email == first.entry.email else second.entry.mobile
        described = f"{second.entry.full_name} ({common})"
        if answers.get(key) or not answer:
            plan.doubles.append(Double(second.row, key, first.entry.full_name, described, answer))
        if answer == "one":
            sets.join(one, other)
        elif not answer:
            told = _(
                "%(one)s and %(other)s (row %(row)s) may be one person: both have %(common)s.",
                one=second.entry.full_name,
                other=first.entry.full_name,
                row=first.row,
                common=common,
            )
            plan.warn(second.row, told)


def _doubles(sets: _Sets) -> Iterable[tuple[int, int]]:
    """Pairs of places in different sets with one address or telephone and names alike, each pair of sets once."""
    at: dict[str, list[int]] = defaultdict(list)
    for place, mention in enumerate(sets.mentions):
        for key in filter(None, (mention.entry.email, telephone_key(mention.entry.mobile))):
            at[key].append(place)
    seen: set[frozenset[int]] = set()
    for places in at.values():
        firsts = list({sets.joined.root(place): place for place in reversed(places)}.values())
        for one, other in combinations(sorted(firsts), 2):
            roots = frozenset({sets.joined.root(one), sets.joined.root(other)})
            a, b = sets.mentions[one], sets.mentions[other]
            in_one_row = a.row == b.row and a.child is b.child
            if roots not in seen and not in_one_row and are_alike(a.entry, b.entry):
                seen.add(roots)
                yield one, other


def double_key(one: Mention, other: Mention) -> str:
    """What an answer about two mentions is filed under: who they are, not where they stand in the file."""
    told = sorted(
        repr((m.name, m.entry.email, telephone_key(m.entry.mobile), m.entry.contact_id)) for m in (one, other)
    )
    return f"people:{hashlib.sha256(''.join(told).encode()).hexdigest()[:24]}"


def on_roster(mention: Mention, now: Current) -> set[int]:
    """The guardians of the roster who have the number, or the name with the address or telephone, of a mention."""
    entry, telephone = mention.entry, telephone_key(mention.entry.mobile)
    found = set()
    everybody: list[CurrentGuardian | Alias] = [*now.guardians.values(), *now.aliases]
    for guardian in everybody:
        same_name = known_as(guardian.title, guardian.forename, guardian.surname) == mention.name
        # A shared telephone says nothing of two adults who each have an address of their own.
        two_addresses = entry.email and guardian.email and guardian.email != entry.email
        same_place = not two_addresses and (
            (entry.email and guardian.email == entry.email)
            or (telephone and telephone_key(guardian.mobile) == telephone)
        )
        if entry.contact_id and guardian.contact_id == entry.contact_id:
            return {guardian.person_id}
        if same_name and same_place:
            found.add(guardian.person_id)
    return found


def _joined_before(sets: _Sets, place: int, guardians: set[int], now: Current) -> bool:
    """Whether the roster has one of these guardians beside every child of a set: then a person has joined the two."""
    root = sets.joined.root(place)
    mine = [mention for spot, mention in enumerate(sets.mentions) if sets.joined.root(spot) == root]
    linked = {key for key, link in now.links.items() if not link.ended}
    return any(
        all(m.child.existing is not None and (m.child.existing.person_id, guardian) in linked for m in mine)
        for guardian in guardians
    )


def are_alike(one: Named, other: Named) -> bool:
    """Whether two names can be spellings of one: Nadia Khan and Nadia Begum Khan, N Khan, Nadia Kahn."""
    a, b = (folded(f"{named.forename} {named.surname}") for named in (one, other))
    if not a or not b:
        return False
    words, others = set(a.split()), set(b.split())
    if words <= others or others <= words:
        return one.forename != "" or other.forename != "" or a == b
    surname = folded(one.surname) == folded(other.surname) != ""
    first, second = (folded(named.forename).partition(" ")[0] for named in (one, other))
    initial = surname and first[:1] == second[:1] != "" and 1 in {len(first), len(second)}
    return first == second != "" or initial or SequenceMatcher(None, a, b).ratio() >= 0.8


class _Sets:
    """Mentions joined step by step; two contact numbers, or two email addresses under a weak reason, never join."""

    def __init__(self, mentions: list[Mention]) -> None:
        self.mentions = mentions
        self.joined = Joined(len(mentions))
        self._numbers = {place: m.entry.contact_id for place, m in enumerate(mentions)}
        self._emails = {place: m.entry.email for place, m in enumerate(mentions)}

    def join_by(self, reason: str, key_of: Callable[[Mention], object]) -> None:
        seen: dict[object, list[int]] = defaultdict(list)
        for place, mention in enumerate(self.mentions):
            key = key_of(mention)
            if not key:
                continue
            root = self.joined.root(place)
            other = next((self.joined.root(o) for o in seen[key] if self._may_join(o, place, reason)), None)
            if other is None:
                seen[key].append(place)
            elif other != root:
                self.join(other, root)

    def _may_join(self, one: int, other: int, reason: str) -> bool:
        first, second = self.joined.root(one), self.joined.root(other)
        if first == second:
            return True
        numbers = {self._numbers[first], self._numbers[second]} - {""}
        emails = {self._emails[first], self._emails[second]} - {""}
        if len(numbers) > 1 or (reason not in {"number", "mail"} and len(emails) > 1):
            return False
        # Two parents in one row are two people even with one name, unless everything about them is the same.
        a, b = self.mentions[one], self.mentions[other]
        return (
            a.row != b.row
            or a.child is not b.child
            or (a.entry.email, a.entry.mobile) == (b.entry.email, b.entry.mobile)
        )

    def join(self, one: int, other: int) -> None:
        """Make one set of the two sets of two mentions."""
        one, other = self.joined.root(one), self.joined.root(other)
        number, email = self._numbers[one] or self._numbers[other], self._emails[one] or self._emails[other]
        self.joined.join(one, other)
        root = self.joined.root(one)
        self._numbers[root], self._emails[root] = number, email


def _households(mentions: list[Mention], sets: _Sets, now: Current) -> Mapping[int, int]:
    """For each child of the file, the number of the household: children who share an adult here or on the roster."""
    children = list({id(m.child): m.child for m in mentions}.values())
    place_of = {id(child): place for place, child in enumerate(children)}
    homes = Joined(len(children))
    first_by_adult: dict[object, int] = {}
    for place, mention in enumerate(mentions):
        home = place_of[id(mention.child)]
        homes.join(home, first_by_adult.setdefault(sets.joined.root(place), home))
    known = {child.existing.person_id: place_of[id(child)] for child in children if child.existing}
    by_guardian: dict[int, int] = {}
    for (child_id, guardian_id), link in now.links.items():
        if not link.ended and child_id in known:
            homes.join(known[child_id], by_guardian.setdefault(guardian_id, known[child_id]))
    return {key: homes.root(place) for key, place in place_of.items()}
