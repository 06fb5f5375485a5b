"""A language that shows what has passed through the seam of translation: each sentence is in
brackets, and its parameters are outside of them, as they have to be translated by themselves."""

import re
from gettext import NullTranslations

PLACEHOLDER = re.compile(r"(\{\w*(?::[^}]*)?\}|%\(\w+\)s)")


class Bracketed(NullTranslations):
    def gettext(self, message):
        return PLACEHOLDER.sub(r"⟧\1⟦", f"⟦{message}⟧")

    def ngettext(self, one, many, count):
        return self.gettext(super().ngettext(one, many, count))


def outside_brackets(text):
    """This text without what stands in brackets."""
    return re.sub("⟦[^⟧]*⟧", "", text)
