"""A resident sees and corrects what is held of them, invites who lives with them, or moves out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from flows.engine.effects import Deed, Effect
from flows.engine.form import Flow
from flows.engine.lifecycle import Errand
from flows.engine.messages import Heard, Json, Option, Picked, Rejected
from flows.engine.questions import Choice, Form, Question, YesNo
from flows.profile.holding import (
    MOST_PHONES,
    Called,
    HeldPhone,
    HelperName,
    HelperPhone,
    Leaver,
    Listing,
    Needs,
    NewPhone,
    OwnHome,
    Quiet,
    SamePhone,
    Speech,
)
from flows.profile.record import Need


class Topic(StrEnum):
    SHOW = "show"
    NAME = "name"
    PHONES = "phones"
    EMERGENCY = "emergency"
    PEOPLE = "people"
    PETS = "pets"
    VEHICLES = "vehicles"
    NEEDS = "needs"
    LANGUAGE = "language"
    QUIET = "quiet"
    RATING = "rating"
    INVITE = "invite"
    LEAVE = "leave"


class PhoneDeed(StrEnum):
    ADD = "add"
    FIRST = "first"
    REMOVE = "remove"


class Guest(StrEnum):
    FAMILY = "family"
    TENANT = "tenant"


class Topics(Choice[Topic]):
    """What it is about; only owners invite, and only who lives somewhere moves out."""

    def options(self, form: Form) -> tuple[Option, ...]:
        return tuple(one for one in super().options(form) if self._open(one.value, form))

    def hear(self, heard: Heard, form: Form) -> Json:
        if isinstance(heard, Picked) and not self._open(heard.value, form):
            raise Rejected("not_an_option")
        return super().hear(heard, form)

    @staticmethod
    def _open(value: str, form: Form) -> bool:
        if value == Topic.INVITE:
            return bool(Profile.home.offered(form))
        return value != Topic.LEAVE or bool(form.facts.record.get("members"))


class Guests(Choice[Guest]):
    """Who is invited; the code follows at once."""

    reviewed = False


class Sure(YesNo):
    """A last look before a place in a home ends."""

    reviewed = False


class PhoneDeeds(Choice[PhoneDeed]):
    """A number more, another one first, or one less; the list has an end."""

    def options(self, form: Form) -> tuple[Option, ...]:
        full = len(form.facts.phones) >= MOST_PHONES
        return tuple(one for one in super().options(form) if one.value != PhoneDeed.ADD or not full)


class Profile(Flow):
    """One thing at a time: what it is about, what it shall be, a look at it, done."""

    name = "profile"
    wants = frozenset({"record", "consent"})
    topic = Topics(Topic)
    person = Called(most=40).where(topic, Topic.NAME)
    phone_deed = PhoneDeeds(PhoneDeed)
    phone = NewPhone()
    phone_again = SamePhone(phone)
    phone_held = HeldPhone()
    helper = HelperName().where(topic, Topic.EMERGENCY)
    helper_phone = HelperPhone()
    people = Listing().where(topic, Topic.PEOPLE)
    pets = Listing().where(topic, Topic.PETS)
    vehicles = Listing(upper=True).where(topic, Topic.VEHICLES)
    needs = Needs().where(topic, Topic.NEEDS)
    language = Speech().where(topic, Topic.LANGUAGE)
    quiet = Quiet().where(topic, Topic.QUIET)
    rating = YesNo().where(topic, Topic.RATING)
    home = OwnHome().where(topic, Topic.INVITE)
    guest = Guests(Guest).where(topic, Topic.INVITE)
    leaver = Leaver().where(topic, Topic.LEAVE)
    leaving = Sure().where(topic, Topic.LEAVE)

    @phone_deed.when
    def has_several_phones(self) -> bool:
        return self.topic is Topic.PHONES and len(self.facts.phones) > 1

    @phone.when
    def adds_a_phone(self) -> bool:
        return self.topic is Topic.PHONES and self._phone_deed() is PhoneDeed.ADD

    @phone_again.when
    def typed_the_phone(self) -> bool:
        return self.adds_a_phone() and bool(self.phone) and not Profile.phone.proven(self)

    @phone_held.when
    def means_a_phone_on_file(self) -> bool:
        return self.topic is Topic.PHONES and self._phone_deed() is not PhoneDeed.ADD

    @helper_phone.when
    def names_somebody(self) -> bool:
        return self.topic is Topic.EMERGENCY and self.helper != ""

    def _phone_deed(self) -> PhoneDeed:
        return self.phone_deed if self.has_several_phones() else PhoneDeed.ADD

    def expected(self) -> tuple[Question[Any], ...]:
        """How many questions there will be depends on the first."""
        return super().expected() if self.answered(Profile.topic) else (Profile.topic,)

    def reviewed(self) -> bool:
        return self.topic not in (Topic.SHOW, Topic.INVITE, Topic.LEAVE)

    def submit(self) -> Sequence[Effect]:
        match self.topic:
            case Topic.SHOW:
                return (Deed("show"),)
            case Topic.INVITE:
                return (Deed("invite", {"home": self.home.id, "role": self.guest.value}),)
            case Topic.LEAVE:
                return (Deed("move_out", {"membership": self.leaver}),) if self.leaving else ()
            case Topic.PHONES:
                return (Deed("phone", self._phone()),)
            case Topic.NAME:
                return (Deed("name", {"value": self.person}),)
            case Topic.LANGUAGE:
                return (Deed("language", {"value": self.language.value}),)
        return (Deed("change", {"field": self._field(), "value": self._told()}),)

    def _phone(self) -> dict[str, Json]:
        if self.adds_a_phone():
            proven = Profile.phone.proven(self)
            return {"do": PhoneDeed.ADD.value, "number": self.phone, "proven": proven}
        return {"do": self._phone_deed().value, "number": self.phone_held}

    def _field(self) -> str:
        return "no_rating" if self.topic is Topic.RATING else self.topic.value

    def _told(self) -> Json:
        """The new value, as the record keeps it."""
        match self.topic:
            case Topic.EMERGENCY:
                return {"name": self.helper, "phone": self.helper_phone} if self.helper else None
            case Topic.PEOPLE:
                return list(self.people)
            case Topic.PETS:
                return list(self.pets)
            case Topic.VEHICLES:
                return list(self.vehicles)
            case Topic.NEEDS:
                return [one.value for one in Need if one in self.needs]
            case Topic.QUIET:
                return None if self.quiet is None else [f"{at:%H:%M}" for at in self.quiet]
        return not self.rating


class Erasure(Flow):
    """Everything that is held of a resident is to be erased: asked twice, since nothing brings it back."""

    name = "profile.erase"
    review = False
    sure = YesNo()
    really = YesNo().where(sure, True)

    def submit(self) -> Sequence[Effect]:
        return (Deed("erase"),) if self.sure and self.really else ()


ERRAND = Errand(kind="profile", start=Profile, flows=(Erasure,), rank=70)
