"""Pages anyone may read: the front door, how we keep things safe, accessibility, the demonstration outbox."""

from oval_aup.web.public import verification, views
from oval_aup.web.public.blueprint import bp

__all__ = ["bp", "verification", "views"]
