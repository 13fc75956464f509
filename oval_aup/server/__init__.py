"""The server room starts the processes of an installation and stops them together."""

from oval_aup.server import supervisor

__all__ = ["supervisor"]
