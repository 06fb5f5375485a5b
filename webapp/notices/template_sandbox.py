"""Templates that administrators write, rendered so that none can hold up the site or read from it.

Jinja's sandbox keeps a template away from Python, and not from work without end: texts multiply,
and a loop in a loop runs for hours. Therefore a template is looked through first. It can print,
choose, and loop over its list, and the length of what it makes is limited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, filters, meta, nodes, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from webapp.words import mail_templates as say

MOST_OUTPUT_CHARACTERS = 20_000
MOST_DEPTH = 25  # of expressions in each other: Jinja compiles 200 of them for a minute

_ALLOWED = frozenset(
    {
        *(nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.CondExpr),
        *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Keyword),
        *(nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand),
        *(nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Add, nodes.Sub, nodes.Neg),
    }
)
_OF_TEXTS = ("capitalize", "default", "lower", "title", "trim", "upper")
_OF_LISTS = ("first", "join", "last", "length", "map", "rejectattr", "selectattr", "sort", "unique")


class BadTemplate(Exception):
    """A template that does not render; its text tells a person why."""


class _Environment(ImmutableSandboxedEnvironment):
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """What a template is given are texts, numbers, and mappings, whose items are no
        attributes."""
        return isinstance(obj, LoopContext) and super().is_safe_attribute(obj, attr, value)


@pass_eval_context
def _join(context: EvalContext, value: Iterable[Any], d: str = "", attribute: Any = None) -> str:
    """Jinja's own, which would make a text of any length."""
    items = list(value)
    _refuse_long(len(items) * len(str(d)))
    text = str(filters.do_join(context, items, d, attribute))
    _refuse_long(len(text))
    return text


# What is made is plain text, and is escaped as a whole where it becomes HTML
_environment = _Environment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
_environment.globals.clear()
_environment.filters = {name: filters.FILTERS[name] for name in (*_OF_TEXTS, *_OF_LISTS)}
_environment.filters["join"] = _join


def render(source: str, variables: Mapping[str, Any]) -> str:
    """The text that this template makes of these variables. `names` is the list among them, over
    which it may loop. Raises `BadTemplate`."""
    made = ""
    try:
        template = _environment.from_string(_read(source, variables))
        for piece in template.generate(variables):
            made += piece
            _refuse_long(len(made))
    except BadTemplate:
        raise
    except TemplateSyntaxError as error:
        raise BadTemplate(say.not_read(error.lineno, error.message or "")) from error
    except Exception as error:
        # It is a program that a person has written, and may fail in any way
        raise BadTemplate(say.not_filled_in(str(error) or type(error).__name__)) from error
    return made


def _refuse_long(characters: int) -> None:
    if characters > MOST_OUTPUT_CHARACTERS:
        raise BadTemplate(say.output_too_long(MOST_OUTPUT_CHARACTERS))


def _read(source: str, known: Iterable[str]) -> nodes.Template:
    """The template, once nothing in it can take long or names what there is not."""
    template = _environment.parse(source)
    if _depth(template) > MOST_DEPTH:
        raise BadTemplate(say.too_deep())
    for node in template.find_all(nodes.Node):
        if type(node) not in _ALLOWED:
            raise BadTemplate(say.not_possible(node.lineno))
        if isinstance(node, nodes.Filter) and node.name not in _environment.filters:
            raise BadTemplate(say.no_such_filter(node.name, _environment.filters))
        if isinstance(node, nodes.For) and not _is_short(node):
            raise BadTemplate(say.loop_too_long(node.lineno))
    unknown = sorted(meta.find_undeclared_variables(template) - set(known))
    if unknown:
        raise BadTemplate(say.no_such_variable(unknown[0], known))
    return template


def _depth(node: nodes.Node) -> int:
    return 1 + max(map(_depth, node.iter_child_nodes()), default=0)


def _is_short(loop: nodes.For) -> bool:
    """Whether a loop goes over the names themselves, and does little for each of them."""
    test = nodes.Output([loop.test] if loop.test else [])
    for node in nodes.Template([*loop.body, *loop.else_, test]).find_all(nodes.Node):
        if isinstance(node, nodes.For) or getattr(node, "name", "") in _OF_LISTS:
            return False
    over: nodes.Node | None = loop.iter
    while isinstance(over, nodes.Filter | nodes.Getitem) and getattr(over, "name", "") != "join":
        over = over.node
    return isinstance(over, nodes.Name) and over.name == "names"
