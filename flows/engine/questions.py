"""Everything a flow can ask for, in one place for those who write services."""

from flows.engine.choices import Choice, HomeChoice, OneOf, OneOfSeveral, Several, Stars, YesNo
from flows.engine.days import Day
from flows.engine.money import Money
from flows.engine.pictures import Photo, Photos, photos
from flows.engine.question import Form, Question, Unanswered
from flows.engine.searches import HomeSearch
from flows.engine.times import Slot, Visit
from flows.engine.words import Number, Phone, Text, parts

__all__ = [
    "Choice",
    "Day",
    "Form",
    "HomeChoice",
    "HomeSearch",
    "Money",
    "Number",
    "OneOf",
    "OneOfSeveral",
    "Phone",
    "Photo",
    "Photos",
    "Question",
    "Several",
    "Slot",
    "Stars",
    "Text",
    "Unanswered",
    "Visit",
    "YesNo",
    "parts",
    "photos",
]
