"""Turns one page of HTML into one accessible, archivable PDF; runs only inside a rendering process."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from oval_aup.printing.fonts import spelt_out

STYLESHEET = Path(__file__).resolve().parent.parent.parent / "templates" / "pdf" / "base.css"

_PDF_UA = (
    b'<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>'
    b'<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    b' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"'
    b' xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
    b'<rdf:li rdf:parseType="Resource">'
    b"<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>"
    b"<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    b"<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    b'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>'
    b"<pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    b"<pdfaProperty:category>internal</pdfaProperty:category>"
    b"<pdfaProperty:description>PDF/UA part</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property>"
    b"</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file carried inside the PDF."""

    name: str
    description: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One whole document, ready to be rendered: its HTML with title and language, and the files it carries."""

    html: str
    made_at: dt.datetime
    embedded: tuple[EmbeddedFile, ...] = ()

    def carried(self, name: str) -> bytes:
        """The embedded file of this name; empty where there is none."""
        return next((file.content for file in self.embedded if file.name == name), b"")


def render(paper: PrintJob) -> bytes:
    """Render to tagged PDF/A-3a that also declares PDF/UA-1; the same paper gives the same bytes.

    Nothing is fetched: an image or style that is not part of the HTML itself is left out.
    """
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    sheet, fonts = _dress()
    nothing = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    page = HTML(string=spelt_out(paper.html), url_fetcher=nothing)
    embedded = [
        Attachment(
            string=file.content,
            name=file.name,
            description=file.description,
            relationship="Data",
            created=paper.made_at,
            modified=paper.made_at,
        )
        for file in paper.embedded
    ]
    content: bytes = page.write_pdf(
        stylesheets=[sheet],
        font_config=fonts,
        pdf_variant="pdf/a-3a",
        attachments=embedded,
        finisher=_finish,
    )
    return content


def mark_image(strokes: Sequence[Sequence[Sequence[int]]]) -> str:
    """A drawn mark as a data: address of one SVG path, rebuilt from its points; empty when there are none.

    Points are whole pixels; whatever a browser might call a picture is never used.
    """
    points = [(int(point[0]), int(point[1])) for stroke in strokes for point in stroke]
    if not points:
        return ""
    left, top = min(x for x, _y in points), min(y for _x, y in points)
    width = max(x for x, _y in points) - left
    height = max(y for _x, y in points) - top
    lines = []
    for stroke in strokes:
        steps = [f"{int(point[0]) - left} {int(point[1]) - top}" for point in stroke]
        if steps:
            lines.append("M" + "L".join(steps if len(steps) > 1 else steps * 2))
    pen = max(2, max(width, height) // 120)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-pen} {-pen} {width + 2 * pen} {height + 2 * pen}">'
        f'<path d="{"".join(lines)}" fill="none" stroke="#10303a" stroke-width="{pen}"'
        ' stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("ascii")).decode("ascii")


@cache
def _dress() -> tuple[Any, Any]:
    """The stylesheet and font configuration, read once per process."""
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    return CSS(string=STYLESHEET.read_text(encoding="utf-8"), font_config=fonts), fonts


def _finish(document: Any, pdf: Any) -> None:
    _declare_pdf_ua(document, pdf)
    _say_what_headers_head(pdf)


def _say_what_headers_head(pdf: Any) -> None:
    """Give each table header its scope, which many screen readers look for alone; WeasyPrint only links the cells."""
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("S") == "/TH":
            group = _parent(pdf, _parent(pdf, item))
            item["A"]["Scope"] = "/Column" if group["S"] == "/THead" else "/Row"


def _parent(pdf: Any, item: Any) -> Any:
    reference = item["P"]
    number = (reference if isinstance(reference, bytes) else str(reference).encode("ascii")).split()[0]
    return pdf.objects[int(number)]


def _declare_pdf_ua(_document: Any, pdf: Any) -> None:
    for item in pdf.objects:
        if getattr(item, "extra", {}).get("Type") == "/Metadata":
            parts = [part if isinstance(part, bytes) else part.encode() for part in item.stream]
            item.stream = [part.replace(b"</rdf:RDF>", _PDF_UA + b"</rdf:RDF>") for part in parts]
