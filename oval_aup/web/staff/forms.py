"""What staff type, read from the form: nothing that is not asked for is ever read."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _
from oval_aup.web.forms import LONGEST, ticked, typed


@dataclass(frozen=True, slots=True)
class LogIn:
    """Email address and password."""

    email: str = ""
    password: str = ""

    @classmethod
    def read(cls) -> LogIn:
        """The form as posted; a password keeps its blanks."""
        return cls(typed("email"), request.form.get("password", "")[:LONGEST])


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A new password, typed twice."""

    password: str
    again: str

    @classmethod
    def read(cls) -> NewPassword:
        """The form as posted."""
        return cls(request.form.get("password", "")[:LONGEST], request.form.get("again", "")[:LONGEST])

    def check(self) -> None:
        """Raise Invalid unless both are the same."""
        if self.password != self.again:
            raise Invalid(fields={"again": _("The passwords don’t match. Type both again.")})


def declarations() -> dict[str, str]:
    """What a rule allows when it is told to the school, in the first person."""
    return {
        "friends-before": _(
            "I was already friends on social media with a pupil’s parent before the child started here."
        ),
        "images-off-site": _("The head teacher has agreed that I may take images from a school device off site."),
    }


@dataclass(frozen=True, slots=True)
class DeclarationsForm:
    """Which declarations were ticked, and the words typed beside them."""

    told: dict[str, str]

    @classmethod
    def read(cls) -> DeclarationsForm:
        """The form as posted; only declarations that were asked for."""
        return cls({key: typed(f"{key}-words") for key in declarations() if ticked(key)})

    @classmethod
    def kept(cls, draft: dict[str, object]) -> DeclarationsForm:
        """What a signing session's draft holds."""
        told = draft.get("declarations")
        return cls({str(key): str(words) for key, words in told.items()} if isinstance(told, dict) else {})

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """Each declaration as a sentence, with what was typed."""
        return [(sentence, self.told[key]) for key, sentence in declarations().items() if key in self.told]

    @property
    def for_the_record(self) -> dict[str, str]:
        """The sentence that was ticked, word for word, and what was typed beside it or a plain yes."""
        return {sentence.rstrip("."): words or _("Yes") for sentence, words in self.in_words}

    @property
    def asked(self) -> list[tuple[str, str, bool, str]]:
        """Key, sentence, whether ticked, and words: what the form shows."""
        return [(key, sentence, key in self.told, self.told.get(key, "")) for key, sentence in declarations().items()]
