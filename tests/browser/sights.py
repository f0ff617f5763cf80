"""What is wrong with a page that somebody looks at: what does not fit, and what shuts people out.

The rules are axe-core's (https://github.com/dequelabs/axe-core): WCAG 2.2 AA, and what it calls best practice.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

HEIGHT = 800
WIDTHS = (1280, 390, 320)
LIGHT, DARK = "light", "dark"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
# With all that folds opened at once one thing lies over another, which nobody sees otherwise.
COVERED = {"target-size": {"enabled": False}}
COLOURS = {"runOnly": ["color-contrast"]}

# What sticks out of the window to the right and can be seen, unless something between it and the page scrolls.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  const scrolled = (element) => {
    for (let parent = element.parentElement; parent !== document.body; parent = parent.parentElement) {
      if (getComputedStyle(parent).overflowX !== "visible") return true;
    }
    return false;
  };
  const found = [...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility() && !scrolled(element))
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => `${width}: ${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
  const scrolls = document.documentElement.scrollWidth > width;
  return scrolls ? [...found, `${width}: the page scrolls sideways`] : found;
}"""

UNFOLD = "() => [...document.querySelectorAll('details:not([open])')].map((each) => { each.open = true; }).length"

VIOLATIONS = """async (options) => (await axe.run(document, options)).violations.flatMap(({ id, nodes }) =>
  nodes.map((node) => `${id}: ${node.target.join(" ")}: ${[...node.any, ...node.all, ...node.none][0]?.message}`))"""


@cache
def axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text()


def resize(page: Page, width: int) -> None:
    if (page.viewport_size or {}).get("width") != width:
        page.set_viewport_size({"width": width, "height": HEIGHT})


def flaws(page: Page, widths: tuple[int, ...] = WIDTHS) -> list[str]:
    """What makes the page scroll sideways at one of the widths; and holes that nobody filled."""
    found = ["a hole was not filled"] if "\x01" in page.content() else []
    for width in widths:
        resize(page, width)
        found += page.evaluate(STICKING_OUT)
    return found


def barriers(page: Page, width: int, theme: Any, **options: Any) -> list[str]:
    """What the rules do not allow, in this window and these colours; half a second where a page is long."""
    resize(page, width)
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    if not page.evaluate("scrollTo(0, 0), 'axe' in window"):
        page.evaluate(axe())
    chosen = {"runOnly": list(RULES), "resultTypes": ["violations"], "preload": False, **options}
    return [f"{width} px, {theme}: {each}" for each in page.evaluate(VIOLATIONS, chosen)]


def all_flaws(page: Page, turn: int = 0) -> list[str]:
    """On a telephone and on a desk, in both themes, as the page comes and with all opened that folds.

    Most of the time goes into the rules, so all are asked once for each width; for colours in the dark, where
    what is drawn is the same, the two widths take turns from page to page.
    """
    found = barriers(page, 390, LIGHT) + flaws(page, (390, 320))
    folds = page.evaluate(UNFOLD)
    found += flaws(page, (390, 320)) if folds else []
    found += barriers(page, (1280, 390)[turn % 2], DARK, **COLOURS)
    return found + barriers(page, 1280, LIGHT, rules=COVERED if folds else {}) + flaws(page, (1280,))


def flaws_of_a_form(page: Page) -> list[str]:
    """Of what a form that comes back has in addition."""
    return barriers(page, 390, LIGHT) + flaws(page, (320,)) + barriers(page, 1280, DARK, **COLOURS)
