"""``flask ledger`` and ``flask evidence``: the record read back, keys, files checked, and packs."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
import sys
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, packs, people, reports, verification, worker
from oval_aup.cli.context import FILES, OFFICE, counted, database, settings, start_of
from oval_aup.core.errors import DomainError
from oval_aup.monitoring import ledger_audit
from oval_aup.packs import writer
from oval_aup.verifier import bundle

ledger_group = AppGroup("ledger", help="The record of every act.")


@ledger_group.command("verify")
@click.option("--head", "kept", multiple=True, help="A kept head: its text, or a file that holds it. May be repeated.")
def ledger_verify(kept: tuple[str, ...]) -> None:
    """Re-hash every entry and every published wording; names what is wrong and exits with 1 if anything is.

    With --head also proves that today's history begins with the one a kept head names.
    """
    reader = verification.ChainReader()
    with database().reading() as db:
        heads = [head for each in kept for head in _heads_of(db, each, reader)]
        verdict = ledger_audit.check(db, settings().shared, heads)
        damaged = agreements.damaged_texts(db)
    for text in damaged:
        click.echo(f"The wording {text.text_sha256[:16]}… is not what was published: its stored bytes have changed.")
    for head in heads:
        click.echo(f"Head of {counted(head.size, 'entry', 'entries')}, {head.entry_hash[:16]}…: {head.reason}")
    click.echo(verdict.sentence)
    if place := verification.turning_point(heads):
        click.echo(place)
    sys.exit(0 if verdict.ok and not damaged and all(head.verdict == "stands" for head in heads) else 1)


def _heads_of(db: Session, kept: str, reader: verification.ChainReader) -> tuple[verification.HeadFinding, ...]:
    path, limit = Path(kept), settings().upload_limit
    is_file = len(kept) < 250 and path.is_file()
    content = start_of(path, limit) if is_file else kept.encode("utf-8", "replace")
    if len(content) > limit:
        sys.exit(f"{path.name} is too large. Copy the lines that begin with OVAL-HEAD out of it.")
    text = verification.text_with_heads(content, limit=limit)
    found = verification.check_heads(db, text, chain=reader.read(db))
    if not found:
        sys.exit(f"{path.name}: {verification.missing_head(text)}" if is_file else verification.missing_head(text))
    return found


evidence_group = AppGroup("evidence", help="Keys, and proof of what was made with them.")


@evidence_group.command("keys")
def evidence_keys() -> None:
    """List every key of the register, oldest first."""
    with database().reading() as db:
        rows = evidence.register(db)
    for row in rows:
        ends = f", certificate until {row.ends_at:%Y-%m-%d}" if row.ends_at else ""
        used = f"until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else "in use"
        click.echo(f"{row.use:5} {row.key_id}  since {row.since:%Y-%m-%d %H:%M} UTC, {used}{ends}")
    click.echo(
        f"{counted(len(rows), 'key', 'keys')}."
        if rows
        else "No key yet: the worker makes the first ones when it starts."
    )


@evidence_group.command("rotate-key")
@click.argument("use", type=click.Choice(["head", "seal"]))
def evidence_rotate_key(use: str) -> None:
    """Make a new key for heads or seals; what older ones signed stays provable."""
    kept = settings()
    if use == "seal" and kept.keys.certificate is not None:
        sys.exit("OVAL_SEAL_CERTIFICATE seals: put the new file there and start again; it is registered by itself.")
    with database().writing() as db:
        row = worker.keyring(kept).rotate(db, use, school_name=kept.school.name, actor=OFFICE)
    click.echo(f"The new {use} key is {row.key_id}. Keep a copy of {kept.keys.folder}.")


@evidence_group.command("verify")
@FILES
def evidence_verify(files: tuple[Path, ...]) -> None:
    """Say of each of FILES whether it is genuine, and why; exits with 1 unless all are."""
    limit, all_genuine, reader = settings().upload_limit, True, verification.ChainReader()
    for path in files:
        seen = verification.inspect_head(path, limit=limit)
        with database().reading() as db:
            finding = verification.judge(db, seen, reader.read(db))
        all_genuine &= finding.verdict == "genuine" and not finding.ledger_fault
        click.echo(f"{path.name}: {finding.verdict.replace('_', ' ').upper()}")
        for reason in finding.reasons:
            click.echo(f"  {reason}")
        if finding.ledger_fault:
            click.echo(f"  THE LEDGER IS NOT WHAT IT WAS. {finding.ledger_fault}")
    click.echo("None of this shows who held the phone, or that nothing happened which was never recorded.")
    sys.exit(0 if all_genuine else 1)


@evidence_group.command("checker")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the checker there as well.")
def evidence_checker(out: Path | None) -> None:
    """Print the SHA-256 of the checker that goes into packs, as sha256sum does; with --out also write the checker."""
    made = bundle.checker()
    if out is not None:
        out.write_bytes(made.content)
    click.echo(f"{made.sha256}  {out or made.name}")


@evidence_group.command("pack")
@click.option("--class", "class_name", help="Only this class and its families.")
@click.option("--audience", type=click.Choice(agreements.SIGNED), help="Only this audience.")
@click.option(
    "--year",
    type=click.IntRange(2000, 2999),
    help="Only those asked in the campaign of the school year that begins then.",
)
@click.option(
    "--from", "first_on", type=click.DateTime(["%Y-%m-%d"]), help="Only people with an entry from this day on."
)
@click.option("--to", "last_on", type=click.DateTime(["%Y-%m-%d"]), help="Only people with an entry up to this day.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Copy the pack there when it is whole.")
def evidence_pack(
    class_name: str | None,
    audience: str | None,
    year: int | None,
    first_on: dt.datetime | None,
    last_on: dt.datetime | None,
    out: Path | None,
) -> None:
    """Make an evidence pack now: of the whole school, or of a class, an audience or a school year."""
    chosen = {"class": class_name, "audience": audience, "year": str(year) if year else None}
    given = [(about, key) for about, key in chosen.items() if key]
    if len(given) > 1:
        sys.exit("Choose one of --class, --audience and --year.")
    days = (first_on.date() if first_on else None, last_on.date() if last_on else None)
    try:
        with database().writing() as db:
            about, key = given[0] if given else ("school", "")
            if about == "class":
                key = people.class_named(db, key).public_id
            row = reports.order_pack(db, reports.Scope(about, key, *days), actor=OFFICE)
    except DomainError as problem:
        sys.exit(problem.message)
    click.echo(f"Making {row.public_id}: {row.scope['title']}, {counted(row.total - 1, 'record', 'records')}.")
    _follow_pack(row, out)


def _follow_pack(row: packs.PackRow, out: Path | None) -> None:
    """Say how far a pack has come, a line per tenth, until it is made or given up."""
    said: set[tuple[str, int]] = set()

    def tell(now: packs.PackRow) -> None:
        step = (now.status, now.percent // 10)
        if now.is_open and step not in said:
            said.add(step)
            click.echo(f"{now.status}: {now.done} of {now.total}")

    after = worker.make_pack(settings(), database(), row.public_id, tell)
    if after.status != "ready":
        sys.exit(f"The pack is {after.status}. {after.error}")
    path = writer.path_of(settings().shared, after)
    if out is not None:
        with database().writing() as db:
            packs.hand_out_pack(
                db, after.public_id, idempotency_key=f"handed-out:{secrets.token_hex(16)}", actor=OFFICE
            )
        shutil.copyfile(path, out)
    click.echo(f"{out or path}: {after.size:,} bytes, SHA-256 {after.sha256}")


@evidence_group.command("packs")
def evidence_packs() -> None:
    """List the evidence packs that are kept or being made, newest first."""
    with database().reading() as db:
        rows = packs.packs(db)
    for row in rows:
        more = row.error or (row.sha256 if row.sha256 else f"{row.done} of {row.total}")
        click.echo(
            f"{row.ordered_at:%Y-%m-%d %H:%M} UTC  {row.public_id}  {row.status:10} {row.scope['title']}: {more}"
        )
    if not rows:
        click.echo("No pack is kept or being made.")
