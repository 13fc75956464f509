"""Reads one HTML page the way a careful person would: headings, fields and their labels, forms, links."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNLABELLED = {"hidden", "submit", "button", "image", "reset"}


@dataclass(slots=True)
class Element:
    """One element: its name, attributes, text and the elements around it."""

    name: str
    attributes: dict[str, str]
    around: tuple[Element, ...]
    pieces: list[str] = field(default_factory=list)

    def __getitem__(self, key: str) -> str:
        return self.attributes.get(key, "")

    @property
    def text(self) -> str:
        """Everything written inside, blanks tidied."""
        return " ".join("".join(self.pieces).split())

    def inside(self, name: str) -> Element | None:
        """The nearest element of that name around this one."""
        return next((each for each in reversed(self.around) if each.name == name), None)


class Page(HTMLParser):
    """The elements of a page in the order they begin."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = re.sub(r"> <", "><", " ".join(html.split()))
        """The source on one line: how a template is laid out is no promise."""
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if tag not in EMPTY and not tag.startswith(("path", "circle", "rect")):
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {key: value or "" for key, value in attrs}, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        for position in range(len(self._open) - 1, -1, -1):
            if self._open[position].name == tag:
                del self._open[position:]
                return

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)

    def all(self, *names: str) -> list[Element]:
        """Every element with one of these names."""
        return [element for element in self.elements if element.name in names]

    @property
    def text(self) -> str:
        """What a reader sees between ``main`` and its end."""
        return " ".join(element.text for element in self.all("main"))

    @property
    def heading(self) -> str:
        """The text of the first ``h1``."""
        return next((element.text for element in self.all("h1")), "")

    def csrf_token(self, action: str = "") -> str:
        """The token in the form with this action, or in any form."""
        found = [e for e in self.all("input") if e["name"] == "csrf_token"]
        own = [e for e in found if (form := e.inside("form")) and form["action"] == action]
        return next((e["value"] for e in own or found), "")

    def hidden(self, name: str) -> str:
        """The value of a hidden field."""
        return next((e["value"] for e in self.all("input") if e["type"] == "hidden" and e["name"] == name), "")

    def faults(self) -> list[str]:
        """What is wrong with this page for somebody using a keyboard, a screen reader or no scripts."""
        return [*self._heading_faults(), *self._id_faults(), *self._label_faults(), *self._form_faults()]

    def _heading_faults(self) -> list[str]:
        headings, titles = self.all("h1"), self.all("title")
        if len(headings) != 1:
            return [f"{len(headings)} h1 elements"]
        title = titles[0].text if titles else ""
        stated = re.sub(r"^\W?Error:\W ?", "", title)
        if (stated != title) != any(e["id"] == "errors" or "error" in e["class"].split() for e in self.elements):
            return [f"title {title!r} does not say whether there is an error"]
        return [] if stated.startswith(headings[0].text) else [f"title {title!r} does not begin with its h1"]

    def _id_faults(self) -> list[str]:
        ids = [e["id"] for e in self.elements if "id" in e.attributes]
        pointed = [
            (e.name, key, one)
            for e in self.elements
            for key in ("for", "aria-describedby", "aria-labelledby")
            for one in e[key].split()
        ]
        twice = {f"id {one!r} is used twice" for one in ids if ids.count(one) > 1}
        return sorted(twice) + [f"{name} {key}={one!r} points nowhere" for name, key, one in pointed if one not in ids]

    def _label_faults(self) -> list[str]:
        labelled = {e["for"] for e in self.all("label")}
        return [
            f"no label for {e.name} {e['name']!r}"
            for e in self.all("input", "select", "textarea")
            if e["type"] not in UNLABELLED
            and not (e["id"] in labelled or e.inside("label") or e["aria-label"] or e["aria-labelledby"])
        ]

    def _form_faults(self) -> list[str]:
        faults: list[str] = []
        protected = {id(e.inside("form")) for e in self.all("input") if e["name"] == "csrf_token" and e["value"]}
        for form in self.all("form"):
            if form["method"].lower() == "post" and id(form) not in protected:
                faults.append(f"no CSRF token in the form to {form['action']!r}")
            if not form["action"] or not form["method"]:
                faults.append("a form without action or method")
        for e in self.elements:
            if "hx-get" in e.attributes and not (e["href"] or e["action"] or e["hx-trigger"].startswith("every")):
                faults.append(f"hx-get without href on {e.name}")
            if "hx-post" in e.attributes and e.name != "form":
                faults.append(f"hx-post on {e.name}, which does nothing without scripts")
        return faults
