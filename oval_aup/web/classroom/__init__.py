"""A class's lesson: the teacher's page for it, and the shared devices on which children make their marks."""

from oval_aup.web.classroom import device, lesson
from oval_aup.web.classroom.blueprint import bp

__all__ = ["bp", "device", "lesson"]
