"""Any export in a common encoding is read the same; anything else is refused in one sentence."""

from __future__ import annotations

import codecs
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oval_aup.people.roster.reader import Unreadable, read
from tests.people.makers import CONTACT_HEADERS, contacts, link, sheet

ENCODINGS = {
    "UTF-8": (b"", "utf-8"),
    "UTF-8 with a mark": (codecs.BOM_UTF8, "utf-8"),
    "UTF-16 little": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "UTF-16 big": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "Windows-1252": (b"", "cp1252"),
}
# Printable, stored alike by all five encodings, and nothing that is tidied away at the edge of a cell.
CELLS = st.text(st.sampled_from("abcXYZ 059-/@.éÉñüßøÅ€—“”,;|\"'"), max_size=12).map(
    lambda text: text.lstrip("' =").rstrip()
)


@given(
    rows=st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=1, max_size=8),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    delimiter=st.sampled_from(",;\t"),
    ending=st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_every_encoding_and_separator_reads_back_the_same(
    rows: list[list[str]], encoding: str, delimiter: str, ending: str
) -> None:
    headers = ["Forename", "Surname", "UPN", "Year group"]
    full = [["Zoë", *row[1:3], "Año"] for row in rows]
    mark, codec = ENCODINGS[encoding]
    written = sheet(headers, [dict(zip(headers, row, strict=True)) for row in full], delimiter=delimiter)
    content = mark + written.decode().replace("\r\n", ending).encode(codec)
    table = read(content)
    assert table.headers == tuple(headers)
    assert [list(row) for row in table.rows] == full
    assert table.numbers == tuple(range(2, len(full) + 2))


def test_utf16_without_a_mark_is_told_by_its_zeros() -> None:
    assert read(contacts(link(1, 1)).decode().encode("utf-16-le")).rows[0][2] == "Leo"


def test_the_names_of_a_windows_file_keep_their_accents() -> None:
    table = read(contacts(link(5, 1)).decode().encode("cp1252"))
    assert (table.encoding, table.rows[0][2]) == ("Windows-1252", "Siân")


def _workbook(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


GOOD = contacts(link(1, 1), link(2, 2), link(3, 3))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"  \r\n \r\n", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"\x00" * 400, "empty"),
        (",".join(CONTACT_HEADERS).encode(), "headings but no rows"),
        (",".join(CONTACT_HEADERS).encode() + b"\n,,,\n\n", "headings but no rows"),
        (_workbook("[Content_Types].xml", "xl/workbook.xml"), "damaged or is not really one"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "damaged or is not really one"),
        (_workbook("mimetype", "roster.csv"), "ZIP file"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "picture"),
        (b"<!DOCTYPE html><html><table>", "web page"),
        (b'<?xml version="1.0"?><CTfile></CTfile>', "XML"),
        (bytes(range(256)) * 20, "not a text file"),
        (GOOD.replace(b"Leo", b"L\x00o"), "not a text file"),
        (b"Forename\nLeo\nMaja\n", "Only one column"),
        (contacts(link(1, 1)).split(b"\r\n", 1)[1], "column headings"),
        (GOOD[: -len(b",adult3@example.org,07700 900003\r\n")], "last row (row 4) is cut short"),
        (GOOD.replace(b"Maja", b'"Maja'), "never closed"),
        ("Forename,Surname\nŁukasz,Żak\nZoë,Brown\nSiân,Li".encode()[:-4] + "â".encode()[:1], "middle of a letter"),
        ("Forename,Surname\nŁukasz,Żak\nZoë,Brown\n".encode() + b"Si\xe2n,Li\n", "two different encodings"),
        (",".join(f"Column {n}" for n in range(300)).encode() + b"\n" + b"x," * 299 + b"x", "more than 200 columns"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_no_list_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(content)
    assert sentence in refusal.value.message
    assert "file" in refusal.value.fields


def test_an_oversized_file_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(Unreadable, match=r"larger than 10 MB, the most that can be read"):
        read(b"\xff" * (100 * 1024 * 1024))


def test_a_cell_longer_than_any_cell_is_an_open_quotation_mark() -> None:
    with pytest.raises(Unreadable, match="never closed"):
        read(b'Forename,Surname\n"Leo,Brown\n' + b"Maja,Nowak\n" * 30000 + b'"\n')


def test_titles_above_the_headings_are_passed_over_and_rows_keep_their_numbers() -> None:
    content = b"Whole school contacts\n\nForename,Surname,DOB\nLeo,Brown,05/06/2018\n"
    table = read(content)
    assert (table.headers, table.numbers) == (("Forename", "Surname", "DOB"), (4,))


@pytest.mark.parametrize(
    "content",
    [
        "Name,Post,Class\nAnn,a;b;c;d;e,4C\nBob,f;g;h;i;j,4A\n",
        "Name;Post;Class\nBrown, Ann;Head, acting;4C\nLi, Bo;Cook, relief\nKhan, Cy;Cook, relief\n",
        "Staff, all\nName;Post;Class\nBrown, Ann;Head;4C\nLi, Bo;Cook;4A\n",
        "Name\tPost\tClass\nBrown, Ann\tHead; acting\t4C\n",
    ],
)
def test_separators_inside_cells_do_not_mislead(content: str) -> None:
    assert read(content.encode()).headers == ("Name", "Post", "Class")


def test_a_row_out_of_line_is_told_and_the_others_are_read() -> None:
    content = b"Forename,Surname,DOB\nLeo,Brown,05/06/2018\nMaja,Nowak\nZara,Li,Extra,06/06/2018\nEwa,Li,07/06/2018\n"
    table = read(content)
    assert [row[0] for row in table.rows] == ["Leo", "Ewa"]
    assert [(number, sentence.split(";")[0]) for number, sentence, _ in table.misshapen] == [
        (3, "This row has 2 cells where the headings have 3."),
        (4, "This row has more cells than there are headings"),
    ]


def test_a_system_that_drops_empty_cells_at_the_end_is_understood() -> None:
    rows = "".join(f"Leo{n},Brown\n" for n in range(10))
    assert len(read(f"Forename,Surname,DOB\n{rows}Maja,Nowak,05/06/2018\n".encode()).rows) == 11


def test_repeated_and_missing_headings_get_names_of_their_own() -> None:
    assert read(b"Name,Email,,Email\na,b,c,d\n").headers == ("Name", "Email", "Column 3", "Email (2)")


def test_what_spreadsheets_add_to_keep_text_as_text_is_taken_off() -> None:
    content = b'Forename,Surname,Mobile,Post\nLeo,Brown,"=""07700900123""",\'=cmd\nAnn,\'Brown,\'+44,O\'Neill\n'
    assert read(content).rows == (("Leo", "Brown", "07700900123", "=cmd"), ("Ann", "'Brown", "+44", "O'Neill"))


def test_excels_separator_line_is_obeyed() -> None:
    table = read(b"sep=;\r\nForename;Surname\r\nLeo;Brown, junior\r\n")
    assert (table.headers, table.rows) == (("Forename", "Surname"), (("Leo", "Brown, junior"),))


@pytest.mark.parametrize(
    ("codec", "name"), [("cp850", "MS-DOS 850"), ("cp437", "MS-DOS 850"), ("mac_roman", "Mac Roman")]
)
@pytest.mark.parametrize(
    "names", ["Chloé,Lefèvre,Zoë", "Jesús,Núñez,Héloïse", "Björn,Åström,Françoise", "CHLOÉ,IBAÑEZ,Zoë"]
)
def test_the_code_pages_of_msdos_and_macintosh_are_recognised(codec: str, name: str, names: str) -> None:
    table = read(f"Forename,Surname,Parent\n{names}\n".encode(codec))
    assert table.rows == (tuple(names.split(",")),)
    assert table.encoding == name


@pytest.mark.parametrize(
    "names",
    ["D’Arcy,O’Neill–Jones,Žaklina", "Siân,Núñez,RENÉE", "Zoë,Ærø,DÜRR", "Ann,“Nan” Brown,£5", "José,Ibáñez,Łuc"],
)
def test_a_windows_file_stays_one(names: str) -> None:
    written = names.replace("Ł", "L")
    table = read(f"Forename,Surname,Parent\n{written}\n".encode("cp1252"))
    assert (table.encoding, table.rows) == ("Windows-1252", (tuple(written.split(",")),))


def test_the_row_with_the_most_known_headings_is_the_head() -> None:
    content = (
        b"School,Oval Primary,,,,\nPrinted on,07/09/2026,,,,\nAdno,Forename,Surname,DOB,Year Group,Class\n"
        b"401,Ann,Ash,05/06/2018,3,3A\n"
    )
    table = read(content)
    assert (table.headers[0], table.numbers, table.rows[0][1]) == ("Adno", (4,), "Ann")


@pytest.mark.parametrize(
    ("below", "told"),
    [
        (
            "\nTotal number of pupils: 2\n",
            [(5, "“Total number of pupils: 2” is not a row of this list and is left out.")],
        ),
        ("Total,2\nPrinted 7 September\n", [(4, "“Total 2”"), (5, "“Printed 7 September”")]),
        ("Total,2,,\n", [(4, "“Total 2”")]),
        ("\nConfidential\n", [(5, "“Confidential”")]),
        ("Adno,Forename,Surname,DOB\n402,Bo,Elm,05/06/2018\n", [(4, "The headings are repeated here")]),
    ],
)
def test_lines_that_are_no_rows_are_passed_over_with_a_word(below: str, told: list[tuple[int, str]]) -> None:
    top = "Adno,Forename,Surname,DOB\n401,Ann,Ash,05/06/2018\n402,Ben,Birch,06/06/2018\n"
    table = read((top + below).encode())
    assert [row[0] for row in table.rows[:2]] == ["401", "402"]
    assert table.misshapen == ()
    assert [number for number, _ in table.notes] == [number for number, _ in told]
    assert all(sentence.startswith(start) for (_, sentence), (_, start) in zip(table.notes, told, strict=True))


def test_a_list_with_passwords_is_refused() -> None:
    with pytest.raises(Unreadable, match="holds passwords"):
        read(b"Forename,Surname,Pass word,Password\nLeo,Brown,,secret\n")
    assert read(b"Forename,Surname,Password\nLeo,Brown,\n").rows == (("Leo", "Brown", ""),)
