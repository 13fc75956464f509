"""What other rooms may read of these tables in statements of their own; nothing is ever written through them."""

from __future__ import annotations

from oval_aup.core.db import read_view
from oval_aup.people.models import Child, Guardian, Guardianship, Person, SchoolClass, StaffMember

person = read_view(Person, "id", "public_id", "pseudonym", "forename", "surname", "preferred_forename")
child = read_view(Child, "person_id", "class_id", "archived_on")
guardian = read_view(Guardian, "person_id", "email", "mobile", "archived_on")
guardianship = read_view(
    Guardianship, "child_id", "guardian_id", "parental_responsibility", "contact_allowed", "lives_with", "ended_on"
)
staff_member = read_view(StaffMember, "person_id", "work_email", "archived_on")
school_class = read_view(SchoolClass, "id", "public_id", "name", "year_group", "archived_on")
