"""Which mentions of a contact in one file are one person: by number, by e-mail and name, or by name in a household."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from oval_aup.core.i18n import _
from oval_aup.people.names import folded
from oval_aup.people.roster.children import ChildOfFile
from oval_aup.people.roster.current import Current, CurrentGuardian
from oval_aup.people.roster.entries import ContactEntry
from oval_aup.people.roster.plan import Plan


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

    @property
    def row(self) -> int:
        return self.mentions[0].row

    @property
    def name(self) -> str:
        """As ``known_as`` has it, as first given."""
        return self.mentions[0].name

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


def telephone_key(mobile: str) -> str:
    """The digits of a telephone number, without the country code."""
    digits = "".join(filter(str.isdigit, mobile))
    return "0" + digits[2:] if digits.startswith("44") and len(digits) > 10 else digits


def contacts_of_file(children: Iterable[ChildOfFile], now: Current, plan: Plan) -> list[ContactOfFile]:
    """Gather the mentions of each contact, in the order of the file."""
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
    households = _households(mentions, sets, now)
    sets.join_by("household", lambda m: (households[id(m.child)], m.name))
    gathered: dict[int, ContactOfFile] = {}
    for place, mention in enumerate(mentions):
        gathered.setdefault(sets.joined.root(place), ContactOfFile()).mentions.append(mention)
    return list(gathered.values())


def _one_name_per_number(mentions: list[Mention], plan: Plan) -> list[Mention]:
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


class _Sets:
    """Mentions joined step by step; two contact numbers, or two e-mail addresses under a weak reason, never join."""

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
                self._join(other, root)

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

    def _join(self, one: int, other: int) -> None:
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
