"""The family's pages: the private link, the rules, the choices about pictures, the signature, and looking back."""

from oval_aup.web.family import home, login, pictures, reading, responsibility, signing, visits
from oval_aup.web.family.blueprint import bp

__all__ = ["bp", "home", "login", "pictures", "reading", "responsibility", "signing", "visits"]
