"""Work for the background: how it is taken from the tables, what is done again and again, and what wakes a worker."""

from oval_aup.jobs.lease import Leased, LeasedQueue

__all__ = ["Leased", "LeasedQueue"]
