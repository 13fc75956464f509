"""Takes the record file back out of a PDF of our own making."""

from __future__ import annotations

import io

from pyhanko.pdf_utils.generic import ArrayObject, StreamObject
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from oval_aup.core.errors import NotFound
from oval_aup.core.i18n import _
from oval_aup.verifier.rules import RECORD_NAME


def carried_record(pdf: bytes) -> bytes:
    """The bytes of ``record.json`` inside a PDF that this system made; raises NotFound when it carries none."""
    try:
        named = PdfFileReader(io.BytesIO(pdf)).root["/Names"]["/EmbeddedFiles"]["/Names"]
        if isinstance(named, ArrayObject):
            for place in range(0, len(named), 2):
                file = named[place + 1]["/EF"]["/F"] if named[place] == RECORD_NAME else None
                if isinstance(file, StreamObject):
                    return bytes(file.data)
    except (KeyError, IndexError, TypeError, PdfError):
        pass
    raise NotFound(_("This document carries no record file."))
