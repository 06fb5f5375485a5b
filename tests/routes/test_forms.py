"""Forms speak our words only, whatever WTForms would say by itself."""

import wtforms
from flask_wtf import FlaskForm
from wtforms.fields.core import UnboundField

import webapp.routes  # its forms are what is looked at
from webapp.routes.auth import SignInForm
from webapp.routes.forms import PageForm
from webapp.words.refusals import WTFORMS_MESSAGES

# Whose own messages are in the table, or which have none
WITH_WORDS = {
    *(wtforms.StringField, wtforms.TextAreaField, wtforms.EmailField, wtforms.PasswordField),
    *(wtforms.SelectField, wtforms.RadioField, wtforms.SelectMultipleField),
    *(wtforms.BooleanField, wtforms.IntegerField),
}


def page_forms(form=PageForm):
    """The forms of all pages."""
    return [one for child in form.__subclasses__() for one in (child, *page_forms(child))]


def fields():
    for form in page_forms():
        for name, field in vars(form).items():
            if isinstance(field, UnboundField):
                yield form, name, field


def test_every_form_is_a_page_form():
    assert webapp.routes
    assert FlaskForm.__subclasses__() == [PageForm]
    assert len(page_forms()) > 25


def test_every_field_of_wtforms_has_words_for_its_messages():
    of_wtforms = {field.field_class for _, _, field in fields()}
    of_wtforms = {one for one in of_wtforms if one.__module__.startswith("wtforms")}
    assert of_wtforms <= WITH_WORDS
    assert all(WTFORMS_MESSAGES.values())


def test_every_check_of_a_field_has_a_message_of_its_own():
    """The page to sign in says the same whatever is wrong."""
    without = [
        f"{form.__name__}.{name}: {type(check).__name__}"
        for form, name, field in fields()
        for check in field.kwargs.get("validators", ())
        if getattr(check, "message", "has none") is None and form is not SignInForm
    ]
    assert without == []
