"""Every template compiles, and every partial and layout is used by something."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from jinja2 import nodes

from oval_aup.core.templating import TEMPLATES, environment

NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"})
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|javascript:", re.IGNORECASE)
READ_ATTRIBUTE = re.compile(r'\b(?:alt|title|placeholder|aria-label|data-of)="([^"]*)"')
SENTENCE = re.compile(r".*[^\W\d_]{2,} [^\W\d_].*|[A-Z][a-z]+", re.DOTALL)
THE_SAME_EVERYWHERE = {"PDF", "CSV", "SHA", "UTC"}


@pytest.mark.parametrize("name", NAMES)
def test_the_template_compiles(name: str) -> None:
    environment().get_template(name)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("email/", "pdf/"))])
def test_the_page_has_nothing_the_content_security_policy_refuses(name: str) -> None:
    assert INLINE.findall((TEMPLATES / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_word_of_the_template_can_be_translated(name: str) -> None:
    pieces = list(_pieces(environment().parse((TEMPLATES / name).read_text(encoding="utf-8"))))
    markup = re.sub(
        r"data:\S+", "", "".join(piece.data if isinstance(piece, nodes.TemplateData) else " " for piece in pieces)
    )
    shown = " ".join(READ_ATTRIBUTE.findall(markup)) + re.sub(r"<[^>]*>|&\w+;", " ", markup)
    assert [word for word in re.findall(r"[^\W\d_]{2,}", shown) if word not in THE_SAME_EVERYWHERE] == []
    said = [piece.value for piece in pieces if isinstance(piece, nodes.Const) and isinstance(piece.value, str)]
    assert [each for each in said if SENTENCE.fullmatch(each)] == []


def _pieces(node: nodes.Node) -> Iterator[nodes.TemplateData | nodes.Const]:
    """The words of a template in their order, without those inside a translating call or the name of a style."""
    if (
        isinstance(node, nodes.Call)
        and isinstance(node.node, nodes.Name)
        and node.node.name in {"_", "gettext", "ngettext"}
    ):
        return
    if isinstance(node, nodes.Block) and node.name.endswith("_class"):
        return
    if isinstance(node, nodes.TemplateData | nodes.Const):
        yield node
    for child in node.iter_child_nodes():
        yield from _pieces(child)


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
