"""Entry point for ``flask`` and for WSGI servers: builds the app, nothing else."""

from __future__ import annotations

import sys

from oval_aup.application import create_app
from oval_aup.config import BadSetting
from oval_aup.core import logs

logs.install()

try:
    app = create_app()
except BadSetting as problem:
    sys.exit(f"Oval AUP cannot start. {problem}")
