"""Every template compiles, and every partial and layout is used by something."""

from __future__ import annotations

import re

import pytest

from oval_aup.core.render import TEMPLATES, environment

NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"})
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("name", NAMES)
def test_the_template_compiles(name: str) -> None:
    environment().get_template(name)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("email/", "pdf/"))])
def test_the_page_has_nothing_the_content_security_policy_refuses(name: str) -> None:
    assert INLINE.findall((TEMPLATES / name).read_text(encoding="utf-8")) == []


def test_every_partial_is_used() -> None:
    sources = {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in NAMES}
    views = "".join(path.read_text(encoding="utf-8") for path in (TEMPLATES.parent / "oval_aup").rglob("*.py"))
    everything = views + "".join(sources.values())
    unused = [name for name in NAMES if name.rsplit("/", 1)[-1].startswith("_") and f'"{name}"' not in everything]
    assert unused == []


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.rsplit("/", 1)[-1].startswith("_") and not name.startswith("pdf/")]
)
def test_a_partial_has_one_root_whose_id_is_its_name(name: str) -> None:
    source = re.sub(r"{#.*?#}|{%.*?%}", "", (TEMPLATES / name).read_text(encoding="utf-8"), flags=re.DOTALL).strip()
    expected = name.rsplit("/", 1)[-1].removeprefix("_").removesuffix(".html")
    assert re.match(rf"<\w+[^>]*\bid=\"{expected}\"", source), (
        f"{name} must begin with an element whose id is {expected}"
    )
