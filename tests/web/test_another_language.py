"""In a language in which every message stands in brackets, nothing that a page or letter says stands outside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from oval_aup.campaigns import letters
from oval_aup.core import i18n
from oval_aup.notifications import LINK_MARK
from oval_aup.people.roster.decode import decoded
from tests.campaigns.test_letters import SCHOOL
from tests.catalogues import without_brackets, write_bracketed
from tests.web.browser import Browser
from tests.web.world import World

WORD = re.compile(r"[^\W\d_]{2,}")


@pytest.fixture(scope="module")
def _bracketed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("translations")
    write_bracketed(folder, "ar")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "CATALOGUES", folder)
        i18n._catalogue.cache_clear()
        yield
    i18n._catalogue.cache_clear()


def outside(markup: str, *names: str) -> list[str]:
    """The words a person meets outside brackets, but for names, which are the same in every language."""
    body = re.sub(r"<(style|script)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    read = " ".join(re.findall(r'\b(?:alt|title|placeholder|aria-label)="([^"]*)"', body))
    left = without_brackets(read + re.sub(r"<[^>]*>|&#?\w+;", " ", body))
    for name in names:
        left = left.replace(name, " ")
    return WORD.findall(left)


@pytest.mark.usefixtures("_bracketed")
def test_the_familys_first_page_speaks_another_language(browser: Browser, world: World) -> None:
    link = world.link(world.ann)
    with i18n.use_language("ar"):
        browser.get(f"/f/{link}")
    assert browser.response is not None
    markup = browser.response.text
    assert '<html lang="ar" dir="rtl">' in markup
    assert outside(markup, "The Oval School", "office@oval.example.org") == []


@pytest.mark.usefixtures("_bracketed", "world")
@pytest.mark.parametrize("path", ["/staff/log-in", "/staff/forgotten", "/", "/no-such-page"])
def test_pages_for_everybody_speak_another_language(browser: Browser, path: str) -> None:
    with i18n.use_language("ar"):
        browser.get(path, status=404 if path == "/no-such-page" else 200)
    assert browser.response is not None
    markup = browser.response.text
    assert '<html lang="ar" dir="rtl">' in markup
    assert outside(markup, "The Oval School", "office@oval.example.org") == []


@pytest.mark.usefixtures("_bracketed", "world")
def test_a_refused_log_in_speaks_another_language(browser: Browser) -> None:
    with i18n.use_language("ar"):
        browser.log_in("nobody@oval.example.org", status=422)
    assert browser.response is not None
    assert outside(browser.response.text, "The Oval School", "office@oval.example.org") == []


@pytest.mark.usefixtures("_bracketed")
def test_a_letter_speaks_another_language_and_reads_from_right_to_left() -> None:
    made = letters.new_link(SCHOOL, forename="Ann", language="ar")
    names = (SCHOOL.name, SCHOOL.email, SCHOOL.base_url, "Ann", LINK_MARK)
    assert '<html lang="ar" dir="rtl">' in made.html
    for said in (made.subject, made.text, made.html):
        assert outside(said, *names) == []


@pytest.mark.usefixtures("_bracketed")
def test_what_was_kept_ready_in_english_is_translated_when_it_is_said() -> None:
    with i18n.use_language("ar"):
        assert decoded(b"GIF89a")[2] == "⟦This is a picture, not a list.⟧"
