"""Entry point for ``flask`` and for WSGI servers: builds the app, nothing else."""

from __future__ import annotations

import sys

import click

from oval_aup.application import create_app
from oval_aup.config import BadSetting
from oval_aup.core import logs
from oval_aup.server import supervisor

logs.install()

command = click.get_current_context(silent=True)
try:
    app = create_app()
    if command is None or command.info_name == "run":  # a WSGI server, or `flask run`; other commands look themselves
        supervisor.refuse_unfit(app.extensions["oval_settings"], app.extensions["oval_database"])
except BadSetting as problem:
    sys.stderr.write(f"Oval AUP cannot start. {problem}\n")
    sys.exit(1 if command else supervisor.STOP_THE_SERVER)
