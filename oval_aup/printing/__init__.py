"""Turns finished HTML into accessible PDFs in processes of their own; it knows nothing of schools or of the ledger.

It stands beside the rooms because rendering processes import it and must stay small: everything imported here is paid
for once per renderer, in memory and at every start.
"""

from oval_aup.printing.pdf import EmbeddedFile, PrintJob, mark_image
from oval_aup.printing.render_pool import RenderFailed, RenderPool

__all__ = ["EmbeddedFile", "PrintJob", "RenderFailed", "RenderPool", "mark_image"]
