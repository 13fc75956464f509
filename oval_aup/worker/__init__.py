"""Does in the background what nobody should wait for: makes PDFs, sends messages, takes the reminders that fall due.

The tables are the queue: whatever is wanted is a row, a row is claimed by conditional update, and a row whose worker
died is claimed again. So any number of workers may run, and one that is killed at any moment loses nothing.
"""

from oval_aup.worker.context import keyring
from oval_aup.worker.mail import send_now
from oval_aup.worker.running import make_pack, run

__all__ = ["keyring", "make_pack", "run", "send_now"]
