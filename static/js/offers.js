/* What is offered while somebody writes: names of members after an @, of the people on this page first, then as the
   server knows them, and in the field "To" without one; emoji after a colon. The list follows the pattern of a combobox: arrows choose, Enter or Tab
   takes, Escape closes. */

(() => {
  "use strict";
  const MOST = 6;

  /* Each kind: what is typed for it, behind its sign; what is known at once, and what the server adds; how an offer is
     shown; and what stands in the text, in place of what was typed with its sign. */
  const names = {
    typed: /(?:^|[^\w@/+])@([A-Za-z0-9][A-Za-z0-9._-]{0,29})$/,
    label: (form) => form.dataset.mentionLabel,
    here(start) {
      const shown = [...document.querySelectorAll("a.author")].filter((each) => !each.closest(".ignored-post, [hidden]"));
      const found = shown.map((each) => each.textContent.trim());
      return [...new Set(found)].filter((name) => name.toLowerCase().startsWith(start.toLowerCase()));
    },
    async there(form, start) {
      const answer = await fetch(`${form.dataset.mentionUrl}?q=${encodeURIComponent(start)}`);
      return answer.ok ? (await answer.json()).names : [];
    },
    shown: (name) => name,
    sign: "@",
    taken: (name) => `@${name} `,
  };
  const people = { ...names, typed: /(?:^|,)\s*@?([A-Za-z0-9][A-Za-z0-9._-]{0,29})$/, sign: "", taken: (name) => `${name}, ` };
  const emoji = {
    typed: /(?:^|[^\w:]):([a-z0-9_+-][a-z0-9_]{1,29})$/,
    label: (form) => form.dataset.emojiLabel,
    here: (start) => forumEmoji.named(start),
    shown: (character) => `${character} ${forumEmoji.nameOf(character)}`,
    sign: ":",
    taken: (character) => `${character} `,
  };

  class Offers {
    constructor(form, area, kinds) {
      this.form = form;
      this.area = area;
      this.kinds = kinds;
      this.list = document.createElement("ul");
      this.list.id = `${area.id}_offers`;
      this.list.className = "offers";
      this.list.hidden = true;
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", names.label(form));
      area.after(this.list);
      area.setAttribute("aria-autocomplete", "list");
      area.setAttribute("aria-controls", this.list.id);
      this.asked = 0;
      area.addEventListener("input", () => this.look());
      area.addEventListener("keydown", (event) => this.key(event));
      area.addEventListener("blur", () => setTimeout(() => this.close(), 150));
      addEventListener("resize", () => this.list.hidden || this.place());
      this.list.addEventListener("mousedown", (event) => {
        event.preventDefault();
        const option = event.target.closest("li");
        if (option) this.take(option);
      });
    }

    /* What kind of thing somebody types before the cursor, and what of it stands there. */
    get typed() {
      const { selectionStart, selectionEnd, value } = this.area;
      if (selectionStart !== selectionEnd) return [];
      const before = value.slice(0, selectionEnd);
      const kind = this.kinds.find((each) => each.typed.test(before));
      return kind ? [kind, before.match(kind.typed)[1]] : [];
    }

    /* Where it begins, with its sign. */
    get from() {
      const [kind, start] = this.typed;
      return this.area.selectionEnd - start.length - kind.sign.length;
    }

    look() {
      const [kind, start] = this.typed, mine = ++this.asked;
      clearTimeout(this.timer);
      if (!kind) return this.close();
      const here = kind.here(start).slice(0, MOST);
      if (here.length || !kind.there) this.show(kind, here);
      if (!kind.there) return undefined;
      this.timer = setTimeout(async () => {
        const there = await kind.there(this.form, start);
        if (mine === this.asked) this.show(kind, [...new Set([...here, ...there])].slice(0, MOST));
      }, 150);
    }

    show(kind, offers) {
      if (!offers.length || this.typed[0] !== kind) return this.close();
      this.list.setAttribute("aria-label", kind.label(this.form));
      this.list.replaceChildren(...offers.map((offer, place) => {
        const option = document.createElement("li");
        option.id = `${this.list.id}_${place}`;
        option.setAttribute("role", "option");
        option.dataset.taken = kind.taken(offer);
        option.textContent = kind.shown(offer);
        return option;
      }));
      this.list.hidden = false;
      this.place();
      this.choose(0);
      this.list.scrollIntoView({ block: "nearest" });
    }

    /* Under the line that is being written: a copy of the text up to the sign tells where that is. */
    place() {
      if (!this.typed[0]) return this.close();
      const copy = document.createElement("div"), mark = document.createElement("span"), style = getComputedStyle(this.area);
      for (const name of ["font", "letterSpacing", "padding", "border", "boxSizing", "lineHeight", "tabSize", "direction"]) {
        copy.style[name] = style[name];
      }
      Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word" });
      copy.style.inlineSize = `${this.area.offsetWidth}px`;
      copy.textContent = this.area.value.slice(0, this.from);
      mark.textContent = "@";
      copy.append(mark);
      this.area.parentElement.append(copy);
      const line = mark.offsetTop + mark.offsetHeight - this.area.scrollTop;
      const side = Math.min(mark.offsetLeft, this.area.offsetWidth - this.list.offsetWidth);
      copy.remove();
      this.list.style.insetBlockStart = `${this.area.offsetTop + Math.min(line, this.area.offsetHeight) + 4}px`;
      this.list.style.left = `${this.area.offsetLeft + Math.max(side, 0)}px`;
    }

    choose(place) {
      const options = [...this.list.children];
      this.chosen = options.at(place % options.length);
      options.forEach((each) => each.setAttribute("aria-selected", String(each === this.chosen)));
      this.area.setAttribute("aria-activedescendant", this.chosen.id);
    }

    close() {
      clearTimeout(this.timer);
      this.asked += 1;
      this.list.hidden = true;
      this.area.removeAttribute("aria-activedescendant");
    }

    take(option) {
      this.close();
      if (!this.typed[0]) return; // The cursor has gone elsewhere.
      const { from, area, area: { selectionEnd: to } } = this, text = option.dataset.taken;
      if (area === this.form.elements.body) {
        this.form.dispatchEvent(new CustomEvent("editor:replace", { detail: { from, to, text } }));
      } else {
        area.setRangeText(text, from, to, "end");
        area.dispatchEvent(new InputEvent("input", { bubbles: true }));
      }
      this.close();
    }

    key(event) {
      if (this.list.hidden || event.ctrlKey || event.metaKey || event.isComposing) return;
      const place = [...this.list.children].indexOf(this.chosen);
      if (event.key === "ArrowDown") this.choose(place + 1);
      else if (event.key === "ArrowUp") this.choose(place - 1);
      else if (event.key === "Enter" || event.key === "Tab") this.take(this.chosen);
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  }

  for (const form of document.querySelectorAll("form[data-mention-url]")) {
    const { body, to } = form.elements;
    if (body) new Offers(form, body, [names, emoji]);
    if (to) new Offers(form, to, [people]);
  }
})();
