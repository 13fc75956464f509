"""Checking a document: anybody brings a file or a kept head and is told whether it is ours, and why."""

from __future__ import annotations

from flask import Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from oval_aup import accounts, documents, verification
from oval_aup.core.i18n import _
from oval_aup.monitoring import ledger_audit
from oval_aup.verifier import bundle
from oval_aup.web import access, unit_of_work
from oval_aup.web.access import allow
from oval_aup.web.public.blueprint import bp
from oval_aup.web.unit_of_work import database, settings

LONGEST_TEXT = 20_000
"""Characters of pasted text that are looked through for heads."""

MOST_LINES = 20

HASHING = {"Windows (PowerShell)": "Get-FileHash", "macOS": "shasum -a 256", "Linux": "sha256sum"}
"""What prints the SHA-256 of a file, by system."""


@bp.get("/verify")
@allow("anyone")
def verify() -> str:
    """Ask for a file, or for the line that a receipt prints."""
    return _form({})


@bp.post("/verify")
@allow("anyone")
def verify_file() -> ResponseReturnValue:
    """Say whether a file is genuine; it is not kept, and the database is not held up while it is looked into."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _form({"file": _("Choose a file.")}), 422
    _count()
    try:
        seen = verification.inspect_file(file.read(), limit=settings().upload_limit)
    except verification.Busy:
        busy = _("We’re checking other files at the moment. Please try again in a minute.")
        return _form({"file": busy}), 503, {"Retry-After": "60"}
    with database().reading() as db:
        finding = verification.judge(db, seen, _chain().read(db))
    _tell(finding.ledger_fault)
    return render_template("public/verdict.html", finding=finding, kinds=_kinds())


@bp.get("/verify/checker")
@allow("anyone")
def checker() -> Response:
    """Hand out the checker that goes into packs, so that nobody has to trust the one inside a pack."""
    made = bundle.checker()
    response = Response(made.content, content_type="text/x-python; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response.headers["Cache-Control"] = "public, no-cache"  # kept, but asked after each time: an update brings another
    response.set_etag(made.sha256)
    response.make_conditional(request)
    return response


@bp.post("/verify/head")
@allow("anyone")
def verify_head() -> ResponseReturnValue:
    """Say whether a kept head is still part of today's history, and nothing else about the ledger."""
    text = request.form.get("head", "")
    if len(text) > LONGEST_TEXT:
        return _form({"head": _too_long()}), 422
    _count()
    with database().reading() as db:
        found = verification.check_heads(db, text, most=MOST_LINES + 1, chain=_chain().read(db))
    if len(found) > MOST_LINES:
        many = _("Paste no more than %(most)s lines at a time.", most=MOST_LINES)
        return _form({"head": many}, head=text), 422
    if not found:
        return _form({"head": verification.missing_head(text)}, head=text), 422
    _tell(next((one.reason for one in found if one.verdict == "ledger_changed"), ""))
    return render_template("public/head-verdict.html", found=found)


@bp.errorhandler(413)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Say with the form still there how else a file past the limit is checked: nobody can make a pack smaller."""
    if request.endpoint == "public.verify_head":
        return _form({"head": _too_long()}), 413
    message = _(
        "This file is larger than %(size)s MB and cannot be checked here. If it is an evidence pack, check it on your "
        "own computer with %(name)s, further down this page, or ask the school to check it with "
        "“.venv/bin/flask evidence verify”. No receipt, record or report is that large.",
        size=_megabytes(),
        name=bundle.checker().name,
    )
    return _form({"file": message}), 413


def _too_long() -> str:
    return _("This is too long. Paste just the line, or a few of them.")


def _megabytes() -> int:
    return settings().upload_limit // 1024 // 1024


def _chain() -> verification.ChainReader:
    """One reading of the ledger for everybody who asks this process."""
    reader: verification.ChainReader = current_app.extensions.setdefault("oval_chain", verification.ChainReader())
    return reader


def _form(errors: dict[str, str], head: str = "") -> str:
    return render_template(
        "public/verify.html",
        errors=errors,
        head=head,
        megabytes=_megabytes(),
        checker=bundle.checker(),
        hashing=HASHING,
        python="python3",
    )


def _count() -> None:
    """Count this check, in a transaction of its own so that many at once cannot slip past; raises TooMany."""
    bucket = accounts.bucket("proof", access.client_address())
    with database().writing(patience=unit_of_work.PATIENCE) as db:
        accounts.check(db, bucket)
        accounts.note_failure(db, bucket)


def _tell(ledger_fault: str) -> None:
    if ledger_fault:
        unit_of_work.afterwards(lambda db: ledger_audit.sound_alarm(db, settings(), ledger_fault))


def _kinds() -> dict[str, str]:
    beside = {"pack": _("Evidence pack"), "checker": _("Checker for evidence packs")}
    return {key: _(kind.label) for key, kind in documents.KINDS.items()} | beside
