"""Joins the parts: ``create_app`` is the only place that knows them all."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from oval_aup import cli, jobs
from oval_aup.config import ROOT, Settings, load
from oval_aup.core import templating
from oval_aup.core.db import Database
from oval_aup.web import access, assets, delivery_status, errors, pages, security, shown_wording, unit_of_work
from oval_aup.web.admin import bp as admin
from oval_aup.web.classroom import bp as classroom
from oval_aup.web.family import bp as family
from oval_aup.web.public import bp as public
from oval_aup.web.staff import bp as staff


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application; raises config.BadSetting with one sentence when it cannot start."""
    settings = settings or load()
    app = errors.OvalFlask("oval_aup", template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-oval" if settings.secure_cookies else "oval",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=settings.upload_limit,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=2000,
        TRUSTED_HOSTS=security.trusted_hosts(settings),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.extensions["oval_settings"] = settings
    database = app.extensions["oval_database"] = Database(settings.database_url)
    jobs.Doorbell(settings.broker_url, settings.instance, secret=settings.secret_key).follow(database)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    templating.configure_environment(app.jinja_env)
    unit_of_work.install(app)
    security.install(app)
    CSRFProtect(app)
    access.install(app)
    assets.install(app)
    shown_wording.install(app)
    pages.install(app)
    delivery_status.install(app)
    errors.install(app)
    for blueprint in (public, family, classroom, staff, admin):
        app.register_blueprint(blueprint)
    cli.install(app)
    return app
