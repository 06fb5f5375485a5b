"""A language that shows what has passed through the seam of translation: each sentence in brackets,
and what is put into it outside of them, as that has to pass by itself."""

import re
from gettext import NullTranslations

PUT_IN = re.compile(r"(\{\w*(?::[^}]*)?\}|%\(\w+\)s)")


class Bracketed(NullTranslations):
    def gettext(self, message):
        return PUT_IN.sub(r"⟧\1⟦", f"⟦{message}⟧")

    def ngettext(self, one, many, count):
        return self.gettext(super().ngettext(one, many, count))


def outside(text):
    """This text without what stands in brackets."""
    return re.sub("⟦[^⟧]*⟧", "", text)
