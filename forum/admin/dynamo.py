"""Lists and pages of what lives in DynamoDB, as Django admin has them for its models.

A declaration says what there is; this module is everything else: columns and their links, filters beside the
list, exact cursors back and forth, the box that jumps, checkboxes and their acts, the page that asks for a
reason before anything is done, and at the foot what the page cost. Nothing is counted and nothing is listed
whole: a page of a list is one Query, whichever page it is::

    class Words(DynamoAdmin[Word, Word]):
        name, title, section = "words", "Words", "Moderation"
        one, many = "word", "words"
        columns = [Column("Word", lambda row: row.text, link=True), Column("Added", lambda row: row.created)]
        acts = [Act("drop", "Drop", "dropped", run=drop, may=may_drop)]

        def may(self, request): return granted(request, "forum.view_post")
        def counted(self, count): return ngettext("%(count)s word", "%(count)s words", count) % {"count": count}
        def list(self, request, chosen, cut, limit): return browsing.list_words(chosen["language"], cut, limit)
        def key(self, chosen, item): return item.timestamp
        def ident(self, row): return row.id
        def find(self, request, ident): return get_word(ident)
        def detail(self, request, row): return Detail(row.text, [facts("Word", [("Added", row.created)])])

    Words().register()

registers /admin/words/ (`admin:words`), /admin/words/<ident>/ and /admin/words/<ident>/<act>/. Methods raise the
errors of `forum.errors`, which become pages in the administration's look, with their status.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from forum import kept
from forum.errors import BadRequest, Conflict, ForumError, NotFound
from forum.languages import Words
from forum.tables import base
from forum.tables.browsing import TOP, Cut
from forum.tables.keys import cursor, read_cursor

from .acting import Act, confirm
from .site import site, who

Item = TypeVar("Item")
Row = TypeVar("Row")
Chosen = dict[str, str]
QUERY, BEFORE, AFTER = "q", "before", "after"
# A BatchGetItem reads as many.
MOST_SELECTED = 100


# -- What a declaration is made of ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column of a list: text, a time, True or False, or safe HTML. With `link` it leads to the row's page."""

    heading: Words
    value: Callable[[Row], object]
    link: bool = False
    classes: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter beside the list: what `?<name>=` may be, as (value, label)."""

    name: str
    title: Words
    choices: Sequence[tuple[str, Words]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a row's page; made by `facts` and the like."""

    title: Words
    kind: str
    content: Any
    note: Words = ""

    @property
    def template(self) -> str:
        return f"admin/forum/sections/{self.kind}.html"


def facts(title: str, rows: Iterable[tuple[str, object]], note: str = "") -> Section:
    """Names and values; rows without a value are left out."""
    return Section(title, "facts", [row for row in rows if row[1] not in (None, "")], note)


def table(title: str, headings: Sequence[Words], rows: Sequence[Sequence[object]], note: str = "") -> Section:
    """`note` stands below, or instead of, the rows."""
    return Section(title, "table", {"headings": headings, "rows": rows}, note)


@dataclass(frozen=True, slots=True)
class Detail:
    """A row's page. `links` are (label, URL) beside the acts; `back` is the list to return to."""

    title: str
    sections: Sequence[Section]
    links: Sequence[tuple[str, str]] = ()
    back: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list; where it can be left upwards or downwards, the parameters that do it."""

    items: Sequence[Item] = ()
    newer: Chosen | None = None
    older: Chosen | None = None


@dataclass
class Listing(Generic[Row]):
    """What the list's template shows."""

    rows: Sequence[Row] = ()
    newer: str = ""
    older: str = ""
    error: ForumError | None = None
    query: str = ""
    chosen: Chosen = field(default_factory=dict)


class DynamoAdmin(Generic[Item, Row]):
    """A list and a page of each of its rows. `Item` is what is read; rows are what is shown of them."""

    name: ClassVar[str]
    title: ClassVar[Words]
    section: ClassVar[Words]
    one: ClassVar[Words]
    many: ClassVar[Words]
    jump_help: ClassVar[Words] = ""
    empty: ClassVar[Words] = gettext_lazy("There is nothing here.")
    per_page: ClassVar[int] = 50

    columns: Sequence[Column[Row]] = ()
    acts: Sequence[Act[Row]] = ()

    # -- What a declaration says --

    def may(self, request: HttpRequest) -> bool:
        """Who finds this in the administration; what of it they see is for `list` and `find` to say."""
        raise NotImplementedError

    def filters(self, request: HttpRequest) -> Sequence[Filter]:
        return ()

    def choose(self, request: HttpRequest) -> Chosen:
        """What the address says of the filters, checked; the defaults where it says nothing."""
        return {each.name: request.GET.get(each.name, "") for each in self.filters(request)}

    def heading(self, request: HttpRequest, chosen: Chosen) -> str:
        return str(self.title)

    def counted(self, count: int) -> str:
        """So many rows: "1 post", "3 posts"."""
        raise NotImplementedError

    def note(self, request: HttpRequest, chosen: Chosen) -> str:
        """A sentence above the list."""
        return ""

    def tools(self, request: HttpRequest, chosen: Chosen) -> Sequence[tuple[str, str]]:
        """(label, URL) of what can be done with the list as a whole."""
        return ()

    def list(self, request: HttpRequest, chosen: Chosen, cut: Cut, limit: int) -> Sequence[Item]:
        """At most `limit` items, newest first, right below or above the cut."""
        raise NotImplementedError

    def key(self, chosen: Chosen, item: Item) -> str:
        """By what items are ordered, and so where the next page begins: mostly a sort key."""
        raise NotImplementedError

    def read_cursor(self, chosen: Chosen, text: str) -> str:
        """The key in an address; BadRequest where it cannot be one."""
        return read_cursor(text)

    def rows(self, request: HttpRequest, items: Sequence[Item]) -> Sequence[Row]:
        """What is shown of the items: those the asker may see, with all that their columns need."""
        return items  # type: ignore[return-value]

    def ident(self, row: Row) -> str:
        """What names a row in addresses; no slash in it."""
        raise NotImplementedError

    def token(self, row: Row) -> str:
        """What names a row among the selected ones: enough for `find_many`."""
        return self.ident(row)

    def jump(self, request: HttpRequest, text: str) -> str:
        """Where what somebody typed leads to; BadRequest or NotFound where it leads nowhere."""
        raise BadRequest(_("Nothing can be looked up here."))

    def find(self, request: HttpRequest, ident: str) -> Row:
        """The row of an address; NotFound where there is none or the asker may not see it."""
        raise NotFound(_("There is no such %(one)s.") % {"one": self.one})

    def find_many(self, request: HttpRequest, tokens: Sequence[str]) -> Sequence[Row]:
        """The selected rows, those that are gone left out."""
        return [self.find(request, token) for token in tokens]

    def detail(self, request: HttpRequest, row: Row) -> Detail:
        raise NotImplementedError

    def label(self, row: Row) -> str:
        """A row in a few words."""
        return self.ident(row)

    def excerpt(self, row: Row) -> str:
        """What it says, for whoever is about to act on it."""
        return ""

    # -- Its pages --

    def register(self) -> None:
        where: dict[str, Any] = {"section": self.section, "may": self.may}
        site.add_page(f"{self.name}/", self.list_view(), name=self.name, title=self.title, **where)
        if type(self).find is not DynamoAdmin.find:
            ident = f"{self.name}/<str:ident>/"
            site.add_page(ident, self.detail_view(), name=f"{self.name}_detail", title="", **where)
            site.add_page(f"{ident}<slug:act>/", self.act_view(), name=f"{self.name}_act", title="", **where)

    @property
    def list_url(self) -> str:
        return reverse(f"admin:{self.name}")

    def url(self, row: Row) -> str:
        return reverse(f"admin:{self.name}_detail", args=[self.ident(row)])

    def list_view(self) -> Callable[[HttpRequest], HttpResponse]:
        @require_http_methods(["GET", "HEAD", "POST"])
        def view(request: HttpRequest) -> HttpResponse:
            if request.method == "POST":
                return self._selected(request)
            if "_selected_action" in (again := kept.fields(request, who(request).id)):
                return self._asked_again(request, again)
            if request.GET.get(QUERY, "").strip():
                return self._jumped(request, request.GET[QUERY].strip())
            return self._listed(request)

        return view

    def _listed(self, request: HttpRequest, query: str = "", error: ForumError | None = None) -> HttpResponse:
        chosen = self.choose(request)
        page = self._page(request, chosen)
        listing = Listing(self.rows(request, page.items), query=query, error=error, chosen=chosen)
        listing.newer = "" if page.newer is None else self._at(chosen, page.newer)
        listing.older = "" if page.older is None else self._at(chosen, page.older)
        context = {
            "cl": {"has_filters": True},
            "listing": listing,
            "shown": self.counted(len(listing.rows)),
            "columns": self.columns,
            "filters": [self._choices(each, chosen) for each in self.filters(request)],
            "action_form": self._offered(request, listing.rows),
            "actions_on_top": True,
            "note": self.note(request, chosen),
            "tools": self.tools(request, chosen),
        }
        return self.show(request, "list", self.heading(request, chosen), error.status if error else 200, context)

    def _offered(self, request: HttpRequest, rows: Sequence[Row]) -> Sequence[Act[Row]]:
        """The acts that the asker may do with some of these rows as they are now."""
        bulk = [act for act in self.acts if act.bulk]
        return [act for act in bulk if any(act.applies(row) and act.may(request, row) for row in rows)]

    def _page(self, request: HttpRequest, chosen: Chosen) -> Page[Item]:
        """One Query; another one where the way up ends at the top, which is shown as a full page then."""
        cut, size = self._cut(request, chosen), self.per_page
        found = self.list(request, chosen, cut, size + 1)
        if cut.after and len(found) <= size:
            cut, found = TOP, self.list(request, chosen, TOP, size + 1)
        more = len(found) > size
        shown = found[1:] if cut.after else found[:size]
        if not shown:
            return Page(newer={} if cut.before else None)
        first, last = (cursor(self.key(chosen, item)) for item in (shown[0], shown[-1]))
        newer = {AFTER: first} if cut.before or cut.after else None
        return Page(shown, newer, {BEFORE: last} if more or cut.after else None)

    def _cut(self, request: HttpRequest, chosen: Chosen) -> Cut:
        before, after = (request.GET.get(name, "") for name in (BEFORE, AFTER))
        if before and after:
            raise BadRequest(_("A page of a list begins below one place or ends above one, not both."))
        return Cut(*(self.read_cursor(chosen, text) if text else "" for text in (before, after)))

    def _at(self, chosen: Chosen, more: Chosen) -> str:
        return f"?{urlencode({**{name: value for name, value in chosen.items() if value}, **more})}"

    def _choices(self, shown: Filter, chosen: Chosen) -> dict[str, Any]:
        choices = [
            {"display": label, "query_string": f"?{urlencode({shown.name: value})}", "selected": value == now}
            for now in [chosen.get(shown.name, "")]
            for value, label in shown.choices
        ]
        return {"title": shown.title, "choices": choices}

    def _jumped(self, request: HttpRequest, text: str) -> HttpResponse:
        try:
            return HttpResponseRedirect(self.jump(request, text))
        except (BadRequest, NotFound) as error:
            return self._listed(request, text, error)

    def detail_view(self) -> Callable[[HttpRequest, str], HttpResponse]:
        @require_safe
        def view(request: HttpRequest, ident: str) -> HttpResponse:
            row = self.find(request, ident)
            detail = self.detail(request, row)
            tools = [(act, f"{act.name}/") for act in self.acts if act.applies(row) and act.may(request, row)]
            context = {"detail": detail, "tools": tools, "back": detail.back or self.list_url}
            return self.show(request, "detail", detail.title, 200, context)

        return view

    # -- Acts --

    def _act(self, name: str) -> Act[Row]:
        for act in self.acts:
            if act.name == name:
                return act
        raise NotFound(_("There is no such act."))

    def act_view(self) -> Callable[[HttpRequest, str, str], HttpResponse]:
        """One act on one row: the question (GET), the deed (POST)."""

        @require_http_methods(["GET", "HEAD", "POST"])
        def view(request: HttpRequest, ident: str, act: str) -> HttpResponse:
            chosen, row = self._act(act), self.find(request, ident)
            return confirm(self, request, chosen, [row], self.url(row), request.method == "POST", single=row)

        return view

    def _selected(self, request: HttpRequest) -> HttpResponse:
        """One act on the selected rows: first the question, then the deed."""
        tokens = list(dict.fromkeys(request.POST.getlist("_selected_action")))
        if len(tokens) > MOST_SELECTED:
            raise BadRequest(_("Select %(most)d %(many)s at most.") % {"most": MOST_SELECTED, "many": self.many})
        act = self._act(request.POST["action"]) if request.POST.get("action") else None
        if act is None or not act.bulk or not tokens:
            words = _("Select at least one of the %(many)s.") % {"many": self.many}
            words = words if act else _("Choose what to do with the selected ones.")
            return self._listed(request, error=BadRequest(words))
        rows, confirmed = self._still_there(request, tokens), "confirmed" in request.POST
        if confirmed and not rows:
            back = [(_("Take me back"), request.get_full_path())]
            raise Conflict(_("What you selected is not there any more."), back)
        return confirm(self, request, act, rows, request.get_full_path(), confirmed)

    def _still_there(self, request: HttpRequest, tokens: Sequence[str]) -> Sequence[Row]:
        """The selected rows. Where only some of them are gone, the asker is told how many."""
        rows = self.find_many(request, tokens)
        if rows and (gone := len(tokens) - len(rows)):
            words = ngettext(
                "%(count)s of what you selected is not there any more.",
                "%(count)s of what you selected are not there any more.",
                gone,
            )
            messages.warning(request, words % {"count": gone})
        return rows

    def _asked_again(self, request: HttpRequest, again: Chosen) -> HttpResponse:
        """The question that was answered when its moderator had been signed out, with what was typed; once."""
        rows = self._still_there(request, again["_selected_action"].split(", ")[:MOST_SELECTED])
        question = confirm(self, request, self._act(again.get("action", "")), rows, request.get_full_path(), False)
        kept.forget(request)
        return question

    def show(
        self, request: HttpRequest, template: str, title: str, status: int, context: dict[str, Any]
    ) -> TemplateResponse:
        context = {**site.each_context(request), **context, "title": title, "admin": self, "cost": base.spent()}
        return TemplateResponse(request, f"admin/forum/{template}.html", context, status=status)
