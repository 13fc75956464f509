"""The family's pages: the private link, the rules, the choices about pictures, the signature, and looking back."""

from flask import Blueprint

bp = Blueprint("family", __name__)

# The routes register themselves on the blueprint above.
from oval_aup.web.family import home, login, pictures, reading, responsibility, signing, visit  # noqa: E402, F401
