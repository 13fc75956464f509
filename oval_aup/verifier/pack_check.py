"""Checks an evidence pack, or single files of one, far away from the school: ``python3 verify.py [FOLDER or FILES]``.

Needs Python 3.10 or newer and nothing else. Without an argument it checks the folder that it lies in; but whoever
forges a pack also forges the checker in it, so take this file from elsewhere and name the folder.
``--head TEXT`` compares a line that begins with OVAL-HEAD, from a receipt or a message, with the pack's ledger; it may
be given more than once, and TEXT may name a file with such lines, a receipt or record. ``--extract FILE FOLDER`` takes
the seal of a PDF apart, or the school's signature in manifest.json or in a record file, so that OpenSSL can check it.
Ends with 0 when everything was checked and found in order, else with 1. On Windows say ``py`` in place of ``python3``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from oval_aup.verifier import openssl_export, rules, safe_reading

STRAY = re.compile(r"\.DS_Store|Thumbs\.db|desktop\.ini|\.~lock\..*#")
"""What computers put into folders by themselves; the last while a spreadsheet has a file open."""

OF_A_LINE = ("seq", "entry_hash", "body")
"""All that stands in a line of the ledger: beside it nothing could be held to anything."""

TEXT_HASH = re.compile(rb'"text_sha256":"([0-9a-f]{64})"')


class Report:
    """What was found, said as it is found."""

    def __init__(self) -> None:
        self.faults = 0
        self.unchecked = 0

    def good(self, sentence: str) -> None:
        """Something is in order."""
        self._say("      ok  ", sentence)

    def bad(self, sentence: str) -> None:
        """Something was changed, is missing or was added."""
        self.faults += 1
        self._say("   FAULT  ", sentence)

    def open(self, sentence: str) -> None:
        """Something could not be checked here."""
        self.unchecked += 1
        self._say("    ????  ", sentence)

    def _say(self, mark: str, sentence: str) -> None:
        sys.stdout.write(f"{mark}{safe_reading.shown(sentence)}\n")


class Chain:
    """What the ledger of a pack says: hashes by number, and what its entries name."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self.given_out: dict[str, tuple[Any, str]] = {}
        """Size, and hash of the record inside, of every file that was given out, by its hash."""
        self.texts: set[str] = set()
        self.keys: set[str] = set()
        self.contents: dict[str, tuple[int, str]] = {}
        """The newest entry that names a set of files, and its time."""
        self.gone_back: list[tuple[int, str, int, int]] = []
        """Backups gone back to: number and time of the entry that says so, entries kept, entries known before."""
        self.whole = False
        """Whether it could be read to its end: if not, what it does not name may be named further on."""

    def add(self, line: bytes) -> None:
        """Take the next entry in; raises Broken when it does not follow."""
        number = len(self.hashes) + 1
        try:
            entry = json.loads(line, object_pairs_hook=rules.each_name_once)
            body = entry["body"].encode("utf-8")
            facts = json.loads(body)
            numbers, prev, kind, act = (entry["seq"], facts["seq"]), facts["prev"], facts["kind"], facts["act"]
            named = {name: act.get(name, "") for name in ("sha256", "key", "contents_sha256", "record_sha256")}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise rules.Broken("form", f"Line {number} of the ledger is no entry.") from None
        plain = [*named.values(), facts.get("at", "")]
        if len(entry) != len(OF_A_LINE) or not all(isinstance(name, str) for name in plain):
            raise rules.Broken("form", f"Line {number} of the ledger is no entry.")
        if numbers != (number, number):
            raise rules.Broken("order", f"Entry {number} of the ledger is missing: {numbers[0]} stands in its place.")
        digest = rules.entry_hash(body)
        if digest != entry.get("entry_hash"):
            raise rules.Broken("edited", f"Entry {number} of the ledger was changed.")
        if prev != (self.hashes[-1] if self.hashes else "0" * 64):
            raise rules.Broken("order", f"Entry {number} of the ledger does not follow the one before it.")
        self.hashes.append(digest)
        self.texts.update(found.decode("ascii") for found in TEXT_HASH.findall(body))
        if kind == "exported":
            self.given_out[named["sha256"]] = (act.get("size"), named["record_sha256"])
            self.contents[named["contents_sha256"]] = (number, facts.get("at", ""))
        if kind == "key_rotated":
            self.keys.add(named["key"])
        kept, known = act.get("backup_size"), act.get("known_size")
        if kind == "restored" and type(kept) is int and type(known) is int:
            self.gone_back.append((number, str(facts.get("at", "")), kept, known))

    def lost(self, size: int) -> str:
        """What the ledger itself says of an entry of this number that a restore to a backup lost, or nothing."""
        for number, at, kept, known in self.gone_back:
            if kept < size <= known:
                return (
                    f" The ledger says itself, in entry {number}, that on {at[:10]} the school went back to a backup"
                    f" which ended at entry {kept}: what was entered between the two is missing from it since."
                )
        return ""


def _counted(number: object, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _all(number: int, one: str, many: str) -> str:
    return f"The one {one}" if number == 1 else f"All {number} {many}"


def check_folder(folder: Path, report: Report, heads: Sequence[str] = ()) -> None:
    """Check a whole pack."""
    listed = _check_manifest(folder, report)
    chain = _check_ledger(folder, report)
    keys = _check_keys(folder, chain, report)
    _check_head(listed.get("head"), keys, chain, report)
    _check_contents(listed, chain, report)
    for text in heads:
        _check_kept(text, keys, chain, report, made_at=_made_at(listed.get("head")))
    carried = _check_pdfs(folder, chain, report)
    _check_records(folder, chain, carried, report)
    _check_texts(folder, chain, report)


def _check_manifest(folder: Path, report: Report) -> dict[str, Any]:
    try:
        manifest = json.loads(
            safe_reading.read(folder / openssl_export.MANIFEST), object_pairs_hook=rules.each_name_once
        )
        wanted = {str(each["name"]): (each["sha256"], each["size"]) for each in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        report.bad(f"{openssl_export.MANIFEST} is missing or damaged: which files belong here is not known.")
        return {}
    here = {path.relative_to(folder).as_posix() for path in safe_reading.everything(folder)}
    faults = report.faults
    for name in sorted(wanted.keys() | here - {openssl_export.MANIFEST}):
        if name not in here:
            report.bad(f"{name} is missing.")
        elif name not in wanted:
            if not STRAY.fullmatch(Path(name).name):
                report.bad(f"{name} was added: the manifest does not list it.")
        elif not safe_reading.is_file(folder / name, *wanted[name]):
            report.bad(f"{name} was changed: it is not the file that the manifest lists.")
    if report.faults == faults:
        report.good(f"{_all(len(wanted), 'file is here', 'files are here')}, as the manifest lists.")
    return manifest if isinstance(manifest, dict) else {}


def _check_ledger(folder: Path, report: Report) -> Chain:
    chain = Chain()
    try:
        with safe_reading.plain(folder / "ledger.jsonl").open("rb") as lines:
            for line in iter(lambda: lines.readline(safe_reading.MOST_LINE), b""):
                chain.add(line)
    except OSError:
        report.bad("ledger.jsonl is missing, or is no file.")
    except rules.Broken as broken:
        report.bad(str(broken))
    else:
        chain.whole = True
    if not chain.whole:
        report.open(
            "What only the ledger can show is left unchecked from there on: a fault in it speaks against no file."
        )
    else:
        report.good(f"The ledger is one unbroken chain of {_counted(len(chain.hashes), 'entry', 'entries')}.")
    return chain


def _check_keys(folder: Path, chain: Chain, report: Report) -> dict[str, bytes]:
    try:
        register = json.loads(safe_reading.read(folder / "keys.json"))
    except (OSError, ValueError, RecursionError):
        report.bad("keys.json is missing or damaged.")
        return {}
    keys: dict[str, bytes] = rules.keys_in({"keys": register if isinstance(register, list) else []})
    strange = [name for name in keys if name not in chain.keys] if chain.whole else []
    if not chain.whole:
        report.open("Whether keys.json holds the school’s keys is not known without the whole ledger.")
    elif strange or len(keys) < len(chain.keys):
        report.bad("keys.json does not hold the keys that the ledger registers.")
    else:
        report.good(f"{_all(len(keys), 'key is the one', 'keys are the ones')} that the ledger registers.")
    return {name: public for name, public in keys.items() if name not in strange}


def _check_head(head: Any, keys: dict[str, bytes], chain: Chain, report: Report) -> None:
    """The signed head of the manifest must be that of the ledger here."""
    try:
        stands = _stands(head, keys)
    except rules.Broken as broken:
        report.bad(str(broken))
        return
    if (head["size"], head["entry_hash"]) != (len(chain.hashes), chain.hashes[-1] if chain.hashes else "0" * 64):
        report.bad(
            f"The school signed a ledger of {_counted(head['size'], 'entry', 'entries')}, and it is not this one."
        )
    elif stands is None:
        report.open(
            "The head’s signature needs OpenSSL 3.0 or newer, or Python’s “cryptography”: put either on this computer"
            " and run this again. The openssl that comes with macOS is another program and cannot tell."
        )
    else:
        report.good(f"The school signed this ledger at {head['at']}, with the key {head['key']}.")
        report.good("  Compare that key with a receipt, or ask the school: who forges a pack also forges its keys.")
        report.good("  Of anything that came after that moment this pack knows nothing.")


def _check_contents(listed: dict[str, Any], chain: Chain, report: Report) -> None:
    """The list of files must be the one that the ledger names: whoever edits a file can also edit the manifest."""
    try:
        found = rules.contents_hash({each["name"]: each["sha256"] for each in listed["files"]})
    except (KeyError, TypeError, ValueError):
        return  # a manifest that cannot be read was said already
    if not chain.whole:
        return  # the entry that names it, or names it anew, may stand behind the fault
    number, at = chain.contents.get(found, (0, ""))
    if number and number == len(chain.hashes):
        report.good(f"The ledger names this very set of files, at {at}: none was taken out, exchanged or edited since.")
    elif number:
        report.bad(
            f"The ledger names this set of files in entry {number}, at {at}, and goes on to entry {len(chain.hashes)}:"
            " these are the files of an older pack, with the ledger of another beside them."
        )
    else:
        report.bad(
            "The ledger does not name this set of files: one was taken out, added, exchanged or edited, and the"
            " manifest was written anew."
        )


def _stands(head: Any, keys: dict[str, bytes]) -> bool | None:
    """True, or None where nothing on this computer can check the head's signature. Raises Broken."""
    stands = rules.check_head(head, keys)
    if stands is None:
        stands = openssl_export.by_openssl(
            keys[head["key"]], base64.b64decode(head["signature"]), rules.head_bytes(head)
        )
    if stands is False:
        raise rules.Broken("head_signature", "The signature of the ledger’s head does not fit: it was changed.")
    return stands


def _made_at(head: Any) -> str:
    """When the pack's ledger was signed, as heads give it; later than everything where the pack does not say."""
    at = head.get("at") if isinstance(head, dict) else None
    return at if isinstance(at, str) and at[:1].isdigit() else "9"


def _check_kept(text: str, keys: dict[str, bytes], chain: Chain, report: Report, *, made_at: str) -> None:
    """Lines kept elsewhere must be part of this ledger; this is what nobody at the school can rewrite.

    A line that is younger than the pack is no fault of either: it names what came later, maybe with a later key.
    """
    heads = rules.heads_in(text)
    if not heads:
        report.bad("There is no whole line that begins with OVAL-HEAD in what was given.")
    for head in heads:
        size, younger = head["size"], head["at"] > made_at
        try:
            _stands(head, keys)
        except rules.Broken as broken:
            if broken.code == "head_key" and younger:
                report.open(f"The line you kept is of {head['at'][:10]}, after this pack: a later pack can show it.")
            elif broken.code == "head_key":
                report.bad(
                    "The line you kept is signed with a key that this ledger does not register: the line comes from"
                    " elsewhere, or the ledger was written anew with other keys."
                )
            else:
                report.bad(f"The line you kept cannot be used. {broken}")
            continue
        if size > len(chain.hashes) and younger:
            report.open(f"The line you kept is of {head['at'][:10]}, after this pack: a later pack can show it.")
        elif size > len(chain.hashes):
            fault = (
                f"The line you kept names {_counted(size, 'entry', 'entries')}; this ledger has {len(chain.hashes)}."
            )
            report.bad(fault + chain.lost(size))
        elif size and chain.hashes[size - 1] != head["entry_hash"]:
            lost = chain.lost(size)
            fault = f"The line you kept names another entry {size}"
            report.bad(f"{fault}.{lost}" if lost else f"{fault}: history was rewritten there or before.")
        else:
            report.good(f"The line you kept, of {_counted(size, 'entry', 'entries')}, is part of this ledger.")


def _check_pdfs(folder: Path, chain: Chain, report: Report) -> dict[str, str]:
    """Check every PDF; gives the hash of the record inside by name of file, where the ledger names it."""
    carried: dict[str, str] = {}
    number, faults = 0, report.faults
    for path in safe_reading.files(folder, ".pdf"):
        number += 1
        name = path.relative_to(folder).as_posix()
        try:
            content = safe_reading.read(path)
        except safe_reading.Odd as odd:
            report.bad(f"{name}: {odd}")
            continue
        size, record = chain.given_out.get(hashlib.sha256(content).hexdigest(), (None, ""))
        if size is None and not chain.whole:
            carried[name] = ""
        elif size != len(content):
            report.bad(f"{name}: no entry of the ledger names this file. It was changed, or is not the school’s.")
        else:
            carried[name] = record
        try:
            rules.sealed_bytes(content)
        except rules.Broken as broken:
            report.bad(f"{name}: {broken}")
    if report.faults == faults and chain.whole:
        report.good(f"All {number} PDFs are byte for byte those that the ledger names, each sealed from end to end.")
    return carried


def _check_records(folder: Path, chain: Chain, carried: dict[str, str], report: Report) -> None:
    number, faults = 0, report.faults
    for path in safe_reading.files(folder / "records", ".json"):
        number += 1
        name = path.relative_to(folder).as_posix()
        try:
            content = safe_reading.read(path)
            for raw, facts in _entries(content):
                seq = facts["seq"]
                if seq > len(chain.hashes) and not chain.whole:
                    continue
                if seq > len(chain.hashes) or chain.hashes[seq - 1] != raw["entry_hash"]:
                    raise rules.Broken("foreign", f"Entry {seq} is not the one in the ledger.")
        except (rules.Broken, safe_reading.Odd) as fault:
            report.bad(f"{name}: {fault}")
            continue
        wanted = carried.get(name.removesuffix(".json") + ".pdf")
        if wanted is None:
            report.bad(f"{name}: the PDF that it belongs to is missing or was changed.")
        elif wanted and wanted != hashlib.sha256(content).hexdigest():
            report.bad(f"{name}: it is not the record that its PDF carries. Something was left out or added.")
    if report.faults == faults and chain.whole:
        whole = _all(number, "record file is whole", "record files are whole")
        report.good(f"{whole}, and every entry named there is in the ledger.")


def _entries(content: bytes) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    record = rules.read_record(content)
    return zip(record["entries"], rules.check_record(record), strict=True) if isinstance(record, dict) else _none()


def _none() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    raise rules.Broken("form", "This is not a record file of this system.")


def _check_texts(folder: Path, chain: Chain, report: Report) -> None:
    number, faults = 0, report.faults
    for path in safe_reading.files(folder / "texts", ".json"):
        number += 1
        if chain.whole and safe_reading.sha256_of(path) not in chain.texts:
            report.bad(f"{path.relative_to(folder).as_posix()}: no entry of the ledger names this wording.")
    if report.faults == faults and number and chain.whole:
        report.good(f"{_all(number, 'wording is the very one', 'wordings are the very ones')} that the ledger names.")


def check_file(path: Path, report: Report) -> None:
    """Check one file as far as it can be checked without the ledger."""
    content = safe_reading.read(path.resolve())
    try:
        if content.startswith(b"%PDF-"):
            rules.sealed_bytes(content)
            report.open(f"{path.name}: one seal covers the whole file. Whose it is: --extract {path.name} FOLDER.")
            return
        record = rules.read_record(content)
        found = rules.check_record(record)
        stands = _stands(record["head"], rules.keys_in(record))
    except rules.Broken as broken:
        report.bad(f"{path.name}: {broken}")
        return
    signed = "fits a key that the file itself brings along" if stands else "was not checked"
    entries = _counted(len(found), "entry is", "entries are")
    report.open(
        f"{path.name}: its {entries} whole, and the signature of its head {signed}. Only the ledger"
        " shows whether it has these entries, and whether the key is the school’s; and only the PDF that it belongs to"
        " whether any was left out."
    )


def main(words: list[str]) -> int:
    """Do as the words say and answer with the exit code."""
    report = Report()
    if {"-h", "--help"} & set(words):
        sys.stdout.write(__doc__ or "")
        return 0 if len(words) == 1 else 1  # among names of files it may be one of them, and then nothing was checked
    if words[:1] == ["--extract"] and len(words) == 3:
        try:
            openssl_export.extract(Path(words[1]), Path(words[2]))
        except (rules.Broken, OSError, ValueError, RecursionError) as fault:
            report.bad(str(fault))
        return 1 if report.faults else 0
    heads = []
    while "--head" in words[:-1]:
        place = words.index("--head")
        heads.append(_kept_text(words[place + 1]))
        del words[place : place + 2]
    for path in [Path(word) for word in words] or [Path(__file__).resolve().parent]:
        try:
            if path.is_dir():
                check_folder(path, report, heads)
            elif path.is_file():
                check_file(path, report)
                if heads:
                    report.open(f"{path.name} holds no ledger that the line you kept could be compared with.")
            else:
                report.bad(f"There is nothing called {path}.")
        except OSError as fault:
            report.bad(f"{path} cannot be read: {fault.strerror}.")
    _sum_up(report)
    return 1 if report.faults or report.unchecked else 0


def _kept_text(word: str) -> str:
    """A line that was kept, given as it is or in a file: a text, a message as it was saved, or a record file."""
    try:
        content = safe_reading.read(Path(word).resolve()) if len(word) < 250 and Path(word).is_file() else b""
    except (OSError, ValueError):
        content = b""
    if not content:
        return word
    for found in openssl_export.unpacked(content) if content.startswith(b"%PDF-") else [content]:
        try:
            return rules.head_text(rules.read_record(found)["head"])
        except (rules.Broken, KeyError, TypeError, ValueError, RecursionError):
            continue
    return rules.text_of(content)


def _sum_up(report: Report) -> None:
    if report.faults:
        sys.stdout.write(f"\nNOT IN ORDER: {report.faults} fault{'' if report.faults == 1 else 's'}.\n")
    elif report.unchecked:
        sys.stdout.write("\nNothing is wrong so far, but not everything could be checked here.\n")
    else:
        sys.stdout.write("\nEverything is in order. This shows what was recorded, and not who held the phone.\n")


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # old Windows consoles know no curly quotes
    sys.exit(main(sys.argv[1:]))
