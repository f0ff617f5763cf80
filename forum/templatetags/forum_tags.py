"""Template tags of the forum's pages."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from forum import holes

register = template.Library()


@register.simple_tag
def hole(name: str, *arguments: object) -> SafeString:
    """A place that is filled for each reader; everything around it is the same for all."""
    return mark_safe(holes.mark(name, *arguments))
