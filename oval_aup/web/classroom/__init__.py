"""A class's lesson: the teacher's page for it, and the shared devices on which children make their marks."""

from flask import Blueprint

bp = Blueprint("classroom", __name__)

# The routes register themselves on the blueprint above.
from oval_aup.web.classroom import device, lesson  # noqa: E402, F401
