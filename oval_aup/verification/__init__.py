"""Whether a file or a line that somebody brings is genuine, altered or not ours."""

from oval_aup.verification.documents import (
    Finding,
    judge,
)
from oval_aup.verification.heads import (
    ChainReader,
    HeadFinding,
    check_heads,
    gaps,
    missing_head,
    text_with_heads,
    turning_point,
)
from oval_aup.verification.sandbox import (
    Busy,
    Seen,
    inspect_file,
    inspect_head,
)

__all__ = [
    "Busy",
    "ChainReader",
    "Finding",
    "HeadFinding",
    "Seen",
    "check_heads",
    "gaps",
    "inspect_file",
    "inspect_head",
    "judge",
    "missing_head",
    "text_with_heads",
    "turning_point",
]
