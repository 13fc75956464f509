"""Decides by the relationship that a list names whether somebody is likely to have parental responsibility.

Only a list, the office or the person can say that somebody has it. A likely parent is asked, and declares it while
signing; everybody else of whom it is not known waits for the office.
"""

from __future__ import annotations

import re
from functools import lru_cache

from oval_aup.people.names import folded

_PARENTS = re.compile(
    r"(?:step)?(?:mothers?|fathers?|mums?|moms?|mam|mummy|mommy|mama|dads?|daddy|papa|parents?)|carers?|guardians?|adopter"
)
_BESIDE = re.compile(
    r"a|and|or|of|the|child|childs|step|adoptive|adopted|adopting|birth|biological|natural|legal|main|primary|sole|lone"
    r"|single|first|second|third|other|co|resident|non|[123]|one|two|female|male|mr|mrs|ms|with|pr"
)
"""Words that leave a parent a parent; any other word (foster, grand, child minder, social, former) does not."""
_CODES = frozenset({"paf", "pam", "par", "stp", "stm", "stf"})
"""The codes of the Department for Education for father, mother, parent and step-parents."""

_NEGATED = ("non parent", "no parental", "no pr", "without", "child carer", "childs carer", "other carer")


@lru_cache(maxsize=4096)
def is_likely_parent(relationship_name: str) -> bool:
    """Whether this relationship, as the school's list words it, is that of a parent, carer or guardian."""
    plain = " ".join(re.sub(r"[^a-z0-9]+", " ", folded(relationship_name)).split())
    if plain in _CODES:
        return True
    if any(phrase in plain for phrase in _NEGATED):
        return False
    words = plain.split()
    parents = [word for word in words if _PARENTS.fullmatch(word)]
    return bool(parents) and all(_BESIDE.fullmatch(word) for word in words if word not in parents)
