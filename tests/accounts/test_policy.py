"""Which role may do what: nothing that is not in the table."""

from __future__ import annotations

import pytest

from oval_aup import accounts


@pytest.mark.parametrize("role", accounts.ROLES)
def test_every_role_may_sign_for_itself_and_none_is_a_family_or_a_device(role: str) -> None:
    assert accounts.allows(role, "sign.own")
    assert not accounts.allows(role, "family")
    assert not accounts.allows(role, "kiosk")


@pytest.mark.parametrize("role", ["teacher", "staff", "governor", "head", "family", "kiosk"])
@pytest.mark.parametrize("permission", ["people.write", "roster.import", "campaign.run", "accounts.write"])
def test_only_the_office_changes_people_and_rounds(role: str, permission: str) -> None:
    assert not accounts.allows(role, permission)
    assert accounts.allows("admin", permission)


def test_a_governor_reads_figures_and_no_persons() -> None:
    assert accounts.allows("governor", "coverage.read")
    for permission in ("people.read", "choices.read", "records.read", "class.any", "photos.check"):
        assert not accounts.allows("governor", permission)


def test_unknown_roles_and_permissions_are_refused() -> None:
    assert not accounts.allows("superuser", "office")
    assert not accounts.allows("", "office")
    assert not accounts.allows("admin", "everything")
