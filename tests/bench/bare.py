"""The baseline: a bare Flask page that commits one row with the product's own durability, and nothing else."""

from __future__ import annotations

import os

import sqlalchemy as sa
from flask import Flask, request

from oval_aup.core.db import Database

database = Database(f"sqlite:///{os.environ['BARE_DATABASE']}")
table = sa.Table("bare", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.Text))
with database.writing() as db:
    table.metadata.create_all(db.connection())

app = Flask(__name__)


@app.post("/")
def commit() -> str:
    """Commit what was posted."""
    with database.writing() as db:
        db.execute(sa.insert(table).values(body=request.form["body"]))
    return "<!doctype html><title>Thank you</title><h1>Thank you</h1>"


@app.get("/")
def ready() -> str:
    """Say that the page is up."""
    return "ready"
