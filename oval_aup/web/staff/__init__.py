"""Staff's own pages: the log-in, their signing, their class's picture choices and the question about one photo."""

from oval_aup.web.staff import classes, login, photos, signing, unanswered
from oval_aup.web.staff.blueprint import bp

__all__ = ["bp", "classes", "login", "photos", "signing", "unanswered"]
