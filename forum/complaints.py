"""What is wrong with a text, by what it is: in other languages more than the noun changes."""

from django.utils.translation import gettext_lazy, gettext_noop

EMPTY = {
    "text": gettext_lazy("The text is empty."),
    "title": gettext_lazy("The title is empty."),
    "name": gettext_lazy("The name is empty."),
    "note": gettext_lazy("The note is empty."),
    "explanation": gettext_lazy("The explanation is empty."),
    "place": gettext_lazy("The place is empty."),
    "reason": gettext_lazy("The reason is empty."),
    "question": gettext_lazy("The question is empty."),
    "option": gettext_lazy("The option is empty."),
    "list of options": gettext_lazy("The list of options is empty."),
    "list of names": gettext_lazy("The list of names is empty."),
}
TOO_LONG = {
    "text": gettext_noop("The text has %(length)s characters; %(most)s is the most."),
    "title": gettext_noop("The title has %(length)s characters; %(most)s is the most."),
    "name": gettext_noop("The name has %(length)s characters; %(most)s is the most."),
    "note": gettext_noop("The note has %(length)s characters; %(most)s is the most."),
    "explanation": gettext_noop("The explanation has %(length)s characters; %(most)s is the most."),
    "place": gettext_noop("The place has %(length)s characters; %(most)s is the most."),
    "reason": gettext_noop("The reason has %(length)s characters; %(most)s is the most."),
    "question": gettext_noop("The question has %(length)s characters; %(most)s is the most."),
    "option": gettext_noop("The option has %(length)s characters; %(most)s is the most."),
    "list of options": gettext_noop("The list of options has %(length)s characters; %(most)s is the most."),
    "list of names": gettext_noop("The list of names has %(length)s characters; %(most)s is the most."),
}
UNFIT = {
    "text": gettext_noop(
        "Line %(line)s of the text holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "title": gettext_noop(
        "Line %(line)s of the title holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "name": gettext_noop(
        "Line %(line)s of the name holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "note": gettext_noop(
        "Line %(line)s of the note holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "explanation": gettext_noop(
        "Line %(line)s of the explanation holds a character that cannot be shown "
        "(U+%(code)s), marked �. Take it out and send it again."
    ),
    "place": gettext_noop(
        "Line %(line)s of the place holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "reason": gettext_noop(
        "Line %(line)s of the reason holds a character that cannot be shown "
        "(U+%(code)s), marked �. Take it out and send it again."
    ),
    "question": gettext_noop(
        "Line %(line)s of the question holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "option": gettext_noop(
        "Line %(line)s of the option holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "list of options": gettext_noop(
        "Line %(line)s of the list of options holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
    "list of names": gettext_noop(
        "Line %(line)s of the list of names holds a character that cannot be shown (U+%(code)s), "
        "marked �. Take it out and send it again."
    ),
}
ACCENTS = {
    "text": gettext_noop("The text holds a letter with more than %(most)s accents. Take some off and send it again."),
    "title": gettext_noop("The title holds a letter with more than %(most)s accents. Take some off and send it again."),
    "name": gettext_noop("The name holds a letter with more than %(most)s accents. Take some off and send it again."),
    "note": gettext_noop("The note holds a letter with more than %(most)s accents. Take some off and send it again."),
    "explanation": gettext_noop(
        "The explanation holds a letter with more than %(most)s accents. Take some off and send it again."
    ),
    "place": gettext_noop("The place holds a letter with more than %(most)s accents. Take some off and send it again."),
    "reason": gettext_noop(
        "The reason holds a letter with more than %(most)s accents. Take some off and send it again."
    ),
    "question": gettext_noop(
        "The question holds a letter with more than %(most)s accents. Take some off and send it again."
    ),
    "option": gettext_noop(
        "The option holds a letter with more than %(most)s accents. Take some off and send it again."
    ),
    "list of options": gettext_noop(
        "The list of options holds a letter with more than %(most)s accents. Take some off and send it again."
    ),
    "list of names": gettext_noop(
        "The list of names holds a letter with more than %(most)s accents. Take some off and send it again."
    ),
}
