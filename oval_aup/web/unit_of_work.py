"""One unit of work per request: GET only reads, everything else writes and commits when the answer is below 400."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from flask import Flask, Response, current_app, g, has_request_context, request
from flask.ctx import _AppCtxGlobals

from oval_aup.config import Settings
from oval_aup.core.db import Database, Session
from oval_aup.core.errors import DatabaseBusy

log = logging.getLogger("oval_aup.web")
PATIENCE = 5.0
"""Seconds that a post waits for its turn to write before it is asked to come again."""


class Refused(Exception):
    """Rolls a unit of work back from inside its context manager."""


class RequestGlobals(_AppCtxGlobals):
    """Flask's ``g`` with ``g.db``: the request's session, opened at its first use."""

    _open: AbstractContextManager[Session] | None = None
    _session: Session | None = None
    _reads_only = False

    @property
    def db(self) -> Session:
        """The session of this request's unit of work."""
        if self._session is None:
            safe = self._reads_only or not has_request_context() or request.method in {"GET", "HEAD", "OPTIONS"}
            unit = database().reading() if safe else database().writing(patience=PATIENCE)
            self._session = unit.__enter__()
            self._open = unit
        return self._session

    def give_up_writing(self) -> None:
        """Roll back, and only read from now on: the page that says so needs no turn to write."""
        self.finish(commit=False)
        self._reads_only = True

    def finish(self, *, commit: bool) -> None:
        """End the unit of work, if one was begun."""
        unit, self._open, self._session = self._open, None, None
        if unit is None:
            return
        if commit:
            unit.__exit__(None, None, None)
            return
        refusal = Refused()
        try:
            unit.__exit__(Refused, refusal, None)
        except Refused:
            return


def database() -> Database:
    """The application's database."""
    return cast(Database, current_app.extensions["oval_database"])


def settings() -> Settings:
    """The application's settings."""
    return cast(Settings, current_app.extensions["oval_settings"])


def _globals() -> RequestGlobals:
    return cast(RequestGlobals, g)


def afterwards(action: Callable[[Session], object], *, patience: float = PATIENCE) -> None:
    """Do something in a short transaction of its own once the request's has ended, whether kept or refused.

    Where it fails, an answer that stands is given all the same; a refusal is not, so that no wrong try goes uncounted.
    What may be left undone says how short its ``patience`` is: nobody who only reads waits for those who write.
    """
    queue: list[tuple[Callable[[Any], object], float]] = _globals().__dict__.setdefault("_afterwards", [])
    queue.append((action, patience))


def refuse() -> None:
    """Keep nothing of this request, although its answer sends the browser on to a page that says why."""
    _globals().__dict__["_refused"] = True


def give_up_writing() -> None:
    """Roll this request back; whatever its answer still needs is only read."""
    _globals().give_up_writing()


def install(app: Flask) -> None:
    """Give requests their unit of work. Installed first, so that its end comes last."""
    app.app_ctx_globals_class = RequestGlobals

    @app.after_request
    def commit_or_roll_back(response: Response) -> Response:
        unit = _globals()
        stands = response.status_code < 400 and not unit.__dict__.get("_refused", False)
        unit.finish(commit=stands)
        for action, patience in unit.__dict__.pop("_afterwards", []):
            try:
                with database().writing(patience=patience) as db:
                    action(db)
            except DatabaseBusy:
                if not stands:
                    raise
                log.warning("what follows an answer was left undone: the database is busy")
            except Exception:
                if not stands:
                    raise
                log.exception("what follows an answer failed")
        return response

    @app.teardown_appcontext
    def roll_back_what_is_left(_error: BaseException | None) -> None:
        _globals().finish(commit=False)
