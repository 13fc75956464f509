"""``flask retention``: what is due, and erasing one person from the command line."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from oval_aup import campaigns, retention
from oval_aup.cli.context import OFFICE, counted, database, settings
from oval_aup.core import clock
from oval_aup.core.errors import Invalid, NotFound

retention_group = AppGroup("retention", help="What is due to be destroyed.")


@retention_group.command("review")
def retention_review() -> None:
    """List who and what is due, and since when; destroys nothing."""
    with database().reading() as db:
        due, things = retention.due_people(db, clock.today()), retention.due_things(db, clock.today())
    for row in due:
        state = "  held" if row.hold else "  being destroyed" if row.is_going else ""
        click.echo(f"{row.person.public_id}  {', '.join(row.record_types):30}  due since {row.due_on}{state}")
    for one in things:
        click.echo(f"{one.record_type:36}  {one.number} from before {one.until}")
    people, kinds = counted(len(due), "person", "people"), counted(len(things), "kind", "kinds")
    click.echo(f"Due: {people} and {kinds} of old things. Decide under Office, Evidence.")


@retention_group.command("erase")
@click.argument("person")
@click.option("--basis", required=True, type=click.Choice(list(retention.BASES)))
@click.option("--name", default="", help="The person’s full name, where the record must still be kept.")
@click.option("--destroy", is_flag=True, help="Do it; without this the command only says what would go.")
def retention_erase(person: str, basis: str, name: str, destroy: bool) -> None:
    """Erase PERSON, by the id that `review` and the address of their page show, for ever.

    Where the school still has to keep the record, this only asks: the head approves it in the browser.
    """
    try:
        with database().writing() as db:
            planned = retention.plan(db, [person], basis=basis)
            lose = counted(planned.entries, "entry loses its", "entries lose their")
            click.echo(f"{lose} details. Beside them: {dict(planned.counts)}")
            if why := " ".join(planned.refusals.values()):
                sys.exit(why)
            if not destroy:
                sys.exit("Nothing was destroyed. Add --destroy to do it.")
            batch = retention.order(db, planned, fingerprint=planned.fingerprint, confirmation=name, actor=OFFICE)
            if planned.early:
                campaigns.tell_of_proposed_erasure(db, batch, besides=None, school=settings().school)
    except NotFound:
        sys.exit("Nobody here has this id.")
    except Invalid as problem:
        sys.exit(" ".join(problem.fields.values()) + " Give it with --name.")
    if planned.early:
        click.echo("Nothing is erased yet: the head has to approve it under Office, Evidence, Keeping and erasing.")
        return
    retention.carry_out(database(), settings().shared)
    with database().reading() as db:
        states = {row.status for row in retention.erasures(db, batch=batch)}
    click.echo("Destroyed." if states == {"done"} else "Destroyed; the worker cleans the files when it can.")
