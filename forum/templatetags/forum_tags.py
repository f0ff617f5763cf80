"""Template tags of the forum's pages."""

import re
from typing import Any

from django import template
from django.forms import Form
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from forum import form_tokens, fragments, holes, kept, readers

register = template.Library()

# The class of a quotation, as `markup` writes it, and the name of whose words they are.
_QUOTE = re.compile(r'(<blockquote [^>]*class="quote)(?="[^>]*>\s*<p class="quote-by"><a [^>]*href="/u/([^"/]+)/")')


@register.simple_tag
def hole(name: str, *arguments: object) -> SafeString:
    """A place that is filled for each reader; everything around it is the same for all."""
    return mark_safe(holes.mark(name, *arguments))


@register.simple_tag(takes_context=True)
def form_token(context: dict[str, Any]) -> SafeString:
    """A field that says whose form it is, for text that is sent when nobody is signed in any more (`forum.kept`)."""
    token = form_tokens.issue(readers.known(context["request"]).id)
    return format_html('<input type="hidden" name="token" value="{}">', token)


@register.simple_tag(takes_context=True)
def kept_form(context: dict[str, Any], form: Form) -> SafeString:
    """As `form_token`, of a form that is to begin with what was kept of it. It stands before the form's fields."""
    request = context["request"]
    kept.begin(request, readers.known(request).id, form)
    return form_token(context)


@register.simple_tag
def post_text(html: str) -> SafeString:
    """A post's HTML, with a hole in each quotation that says whose words they are, for those who ignore them."""
    if "quote-by" not in html:
        return mark_safe(html)
    return mark_safe(_QUOTE.sub(lambda found: found[1] + holes.mark("ignored_quote", found[2]), html))


@register.simple_tag
def fragment(template: str, **values: Any) -> SafeString:
    """A part of a page that is made of these values alone (`forum.fragments`); they are hashable, as rows are."""
    return fragments.render(template, **values)
