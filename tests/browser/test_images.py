"""Images in a text: chosen with the button, dropped, pasted, or sent along by a form without a script."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from .conftest import Visit
from .person import Person
from .test_looks import flaws

PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
MENTION = r"!\[{}\]\(/i/[0-9a-f]{{32}}-{}\.webp\)"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "tram.jpg"
    Image.effect_mandelbrot((1200, 800), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(path)
    return path


def begins(person: Person, title: str) -> None:
    person.starts_thread("trains", title, "Here it comes.")
    person.writes_reply("Look:")


def gives(box: Locator, event: str, name: str, kind: str = "image/png") -> None:
    """A picture of 30 by 20 points, or a text, dropped on the text or pasted into it."""
    box.evaluate(
        """async (area, [event, name, kind]) => {
          const canvas = new OffscreenCanvas(30, 20);
          canvas.getContext("2d").fillRect(0, 0, 30, 20);
          const content = kind.startsWith("image/") ? await canvas.convertToBlob() : new Blob(["words"]);
          const data = new DataTransfer();
          data.items.add(new File([content], name, { type: kind }));
          const options = { bubbles: true, cancelable: true };
          area.dispatchEvent(event === "paste" ? new ClipboardEvent("paste", { ...options, clipboardData: data })
            : new DragEvent("drop", { ...options, dataTransfer: data }));
        }""",
        [event, name, kind],
    )


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "telephone"])
def test_the_button_sends_an_image_that_everybody_sees(options: dict[str, object], visit: Visit, photo: Path) -> None:
    ada = visit("ada", **options)
    begins(ada, "A tram")
    expect(ada.page.get_by_label("Attach images")).to_be_hidden()
    with ada.page.expect_file_chooser() as chooser:
        ada.page.get_by_role("button", name="Image", exact=True).click()
    chooser.value.set_files(photo)
    expect(ada.reply_box).to_have_value(re.compile("^Look:\n" + MENTION.format("tram", "1200x800") + "\n$"))
    assert flaws(ada.page) == []
    ada.presses("Post reply")
    stranger = visit("", **options).goes_to(ada.page.url)
    image = stranger.post(2).get_by_alt_text("tram")
    expect(image).to_be_visible()
    assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1200
    assert image.evaluate("(image) => image.getBoundingClientRect().width / image.getBoundingClientRect().height") == (
        pytest.approx(1.5, abs=0.02)
    )
    assert flaws(stranger.page) == []


def test_an_image_that_is_still_on_its_way_has_its_place(visit: Visit, photo: Path) -> None:
    ada = visit("ada")
    begins(ada, "A tram that is late")
    ada.page.locator("input[type=file][name=images]").set_input_files(photo)
    expect(ada.reply_box).to_have_value(re.compile("/i/"))
    ada.presses("Post reply")
    stranger = visit()
    stranger.page.route("**/i/*.webp", lambda route: None)
    stranger.page.goto(ada.page.url, wait_until="domcontentloaded")
    place = stranger.post(2).get_by_alt_text("tram").bounding_box()
    assert place and place["width"] > 300 and place["width"] / place["height"] == pytest.approx(1.5, abs=0.02)


def test_images_are_dropped_and_pasted(visit: Visit) -> None:
    ada = visit("ada")
    begins(ada, "Dropped and pasted")
    gives(ada.reply_box, "drop", "one.png")
    gives(ada.reply_box, "paste", "two.png")
    both = f"^Look:\n{MENTION.format('one', '30x20')}\n{MENTION.format('two', '30x20')}\n$"
    expect(ada.reply_box).to_have_value(re.compile(both))
    ada.page.keyboard.press("Control+z")
    gives(ada.reply_box, "drop", "words.txt", "text/plain")
    expect(ada.page.get_by_text("Only images can be put into a text.")).to_be_visible()


def test_what_is_no_image_is_said_and_leaves_the_text(visit: Visit, tmp_path: Path) -> None:
    ada = visit("ada")
    begins(ada, "No image")
    page = tmp_path / "page.png"
    page.write_text("<script>alert(1)</script>")
    with ada.page.expect_file_chooser() as chooser:
        ada.page.get_by_role("button", name="Image", exact=True).click()
    chooser.value.set_files(page)
    expect(ada.page.get_by_text("page.png: This is not an image")).to_be_visible()
    expect(ada.reply_box).to_have_value("Look:")
    assert [trouble for trouble in ada.troubles if not trouble.endswith("/images/: 422")] == []
    ada.troubles.clear()


def test_a_form_takes_images_along_without_a_script(visit: Visit, photo: Path) -> None:
    bob = visit("", java_script_enabled=False).signs_in("bob")
    begins(bob, "By hand, with an image")
    bob.page.get_by_label("Attach images").set_input_files(photo)
    assert flaws(bob.page) == []
    bob.presses("Post reply")
    expect(bob.post(2).get_by_alt_text("tram")).to_be_visible()
    expect(bob.post(2)).to_contain_text("Look:")
