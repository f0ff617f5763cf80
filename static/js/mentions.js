/* Names of members, offered after an @: of the people on this page first, then as the server knows them.
   The list follows the pattern of a combobox: arrows choose, Enter or Tab takes, Escape closes. */

(() => {
  "use strict";
  const TYPED = /(^|[^\w@/+])@([A-Za-z0-9][A-Za-z0-9._-]{0,29})$/;
  const MOST = 6;

  class Mentions {
    constructor(form, area) {
      this.form = form;
      this.area = area;
      this.list = document.createElement("ul");
      this.list.id = `${area.id}_names`;
      this.list.className = "names";
      this.list.hidden = true;
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", form.dataset.mentionLabel);
      area.after(this.list);
      area.setAttribute("aria-autocomplete", "list");
      area.setAttribute("aria-controls", this.list.id);
      this.asked = 0;
      area.addEventListener("input", () => this.look());
      area.addEventListener("keydown", (event) => this.key(event));
      area.addEventListener("blur", () => setTimeout(() => this.close(), 150));
      this.list.addEventListener("mousedown", (event) => {
        event.preventDefault();
        const option = event.target.closest("li");
        if (option) this.take(option);
      });
    }

    get typed() {
      const { selectionStart, selectionEnd, value } = this.area;
      return selectionStart === selectionEnd ? value.slice(0, selectionEnd).match(TYPED)?.[2] ?? "" : "";
    }

    look() {
      const start = this.typed, mine = ++this.asked;
      clearTimeout(this.timer);
      if (!start) return this.close();
      const here = this.here(start);
      if (here.length) this.show(here);
      this.timer = setTimeout(async () => {
        const answer = await fetch(`${this.form.dataset.mentionUrl}?q=${encodeURIComponent(start)}`);
        const { names } = answer.ok ? await answer.json() : { names: [] };
        if (mine === this.asked) this.show([...new Set([...here, ...names])].slice(0, MOST));
      }, 150);
    }

    here(start) {
      const shown = [...document.querySelectorAll("a.author")].filter((each) => !each.closest(".ignored-post, [hidden]"));
      const names = shown.map((each) => each.textContent.trim());
      return [...new Set(names)].filter((name) => name.toLowerCase().startsWith(start.toLowerCase()));
    }

    show(names) {
      if (!names.length) return this.close();
      this.list.replaceChildren(...names.map((name, place) => {
        const option = document.createElement("li");
        option.id = `${this.list.id}_${place}`;
        option.setAttribute("role", "option");
        option.textContent = name;
        return option;
      }));
      this.list.hidden = false;
      this.place();
      this.choose(0);
      this.list.scrollIntoView({ block: "nearest" });
    }

    /* Under the line that is being written: a copy of the text up to the @ tells where that is. */
    place() {
      const copy = document.createElement("div"), mark = document.createElement("span"), style = getComputedStyle(this.area);
      for (const name of ["font", "letterSpacing", "padding", "border", "boxSizing", "lineHeight", "tabSize", "direction"]) {
        copy.style[name] = style[name];
      }
      Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word" });
      copy.style.inlineSize = `${this.area.offsetWidth}px`;
      const at = this.area.selectionEnd - this.typed.length - 1;
      copy.textContent = this.area.value.slice(0, at);
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
      const to = this.area.selectionEnd, from = to - this.typed.length;
      this.close();
      this.form.dispatchEvent(new CustomEvent("editor:replace", { detail: { from, to, text: `${option.textContent} ` } }));
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

  for (const form of document.querySelectorAll("form[data-editor][data-mention-url]")) {
    if (form.elements.body) new Mentions(form, form.elements.body);
  }
})();
