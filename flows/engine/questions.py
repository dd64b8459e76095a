"""Everything a flow can ask for, in one place for those who write services."""

from flows.engine.choices import Choice, HomeChoice, Several, Stars, YesNo
from flows.engine.pictures import Photo, Photos, photos
from flows.engine.question import Form, Question, Unanswered
from flows.engine.times import Slot, Visit
from flows.engine.words import Number, Phone, Text, parts

__all__ = [
    "Choice",
    "Form",
    "HomeChoice",
    "Number",
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
