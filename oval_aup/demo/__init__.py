"""The demonstration school: a made-up roster, a few weeks of this school year's campaign, and ways in to try."""

from oval_aup.demo.mark import PASSWORD, fault, mark
from oval_aup.demo.seed import seed
from oval_aup.demo.welcome import FamilyLink, Links, fresh_links, welcome

__all__ = ["PASSWORD", "FamilyLink", "Links", "fault", "fresh_links", "mark", "seed", "welcome"]
