"""The demonstration school: a made-up roster, a few weeks of this school year's campaign, and ways in to try."""

from oval_aup.demo.seed import PASSWORD, seed
from oval_aup.demo.welcome import FamilyLink, Links, fresh_links, welcome

__all__ = ["PASSWORD", "FamilyLink", "Links", "fresh_links", "seed", "welcome"]
