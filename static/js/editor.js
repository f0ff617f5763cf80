/* The editor's buttons and keys, the emoji to be picked, and threads that are like a new one. All of it works on the
   selection of the textarea, and the browser's own undo takes it back. */

(() => {
  "use strict";
  const SURE = { bold: "**", italic: "*" };
  const LINES = { quote: "> ", list: "- ", numbers: "1. ", heading: "## " };
  const KEYS = { b: "bold", i: "italic", k: "link", e: "code" };
  const SHIFTED = { Digit9: "quote", Digit8: "list", Digit7: "numbers", KeyH: "heading" };

  /* Put text in place of a part of the textarea, and select some of it. */
  function replace(area, from, to, text, select = [text.length, text.length]) {
    area.focus();
    area.setSelectionRange(from, to);
    // Deprecated, and the one way that the browser's undo knows of.
    const done = document.execCommand(text ? "insertText" : "delete", false, text);
    if (!done && from + text.length !== area.selectionEnd) {
      area.setRangeText(text, from, to, "end");
      area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
    area.setSelectionRange(from + select[0], from + select[1]);
  }

  function wrap(area, mark, some) {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const around = [value.slice(from - mark.length, from), value.slice(to, to + mark.length)];
    const inner = value.slice(from, to);
    const bolder = mark === "*" && value.slice(from - 2, from) === "**" && value.slice(from - 3, from) !== "***";
    if (inner && around[0] === mark && around[1] === mark && !bolder) {
      replace(area, from - mark.length, to + mark.length, inner, [0, inner.length]);
      return;
    }
    const words = inner || some;
    replace(area, from, to, mark + words + mark, [mark.length, mark.length + words.length]);
  }

  function prefix(area, kind) {
    const { value, selectionStart, selectionEnd } = area;
    const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const end = value.indexOf("\n", Math.max(selectionEnd - 1, selectionStart));
    const to = end < 0 ? value.length : end;
    const lines = value.slice(from, to).split("\n");
    const old = kind === "numbers" ? /^\d+\. / : kind === "heading" ? /^#{1,6} / : new RegExp(`^${LINES[kind]}`);
    const off = lines.every((line) => old.test(line));
    const text = lines
      .map((line, index) => (off ? line.replace(old, "") : (kind === "numbers" ? `${index + 1}. ` : LINES[kind]) + line))
      .join("\n");
    replace(area, from, to, text, lines.length > 1 ? [0, text.length] : undefined);
  }

  /* What stands for words where none are selected; the buttons have it, in the reader's language. */
  const example = (area, kind) => area.form?.querySelector(`[data-format=${kind}]`)?.dataset.example ?? "";

  function link(area) {
    const words = area.value.slice(area.selectionStart, area.selectionEnd);
    const some = example(area, "link");
    const isAddress = /^https?:\/\/\S+$/.test(words);
    const text = isAddress ? `[${some}](${words})` : `[${words || some}](https://)`;
    const address = text.indexOf("](") + 2;
    const select = words && !isAddress ? [address, text.length - 1] : [1, address - 2];
    replace(area, area.selectionStart, area.selectionEnd, text, select);
  }

  function code(area) {
    const words = area.value.slice(area.selectionStart, area.selectionEnd);
    if (!words.includes("\n")) wrap(area, "`", example(area, "code"));
    else replace(area, area.selectionStart, area.selectionEnd, `\`\`\`\n${words}\n\`\`\``, [3, 3]);
  }

  function format(area, kind) {
    if (kind in SURE) wrap(area, SURE[kind], example(area, kind));
    else if (kind in LINES) prefix(area, kind);
    else if (kind === "link") link(area);
    else if (kind === "code") code(area);
  }

  /* -- Emoji to be picked, by their looks or by their names. ----------------------------------------- */

  function emoji(box, area) {
    const list = box.querySelector("[data-emoji-list]"), search = box.querySelector("input");
    box.addEventListener("toggle", () => {
      if (!box.open) return;
      search.value = "";
      for (const button of list.children) button.hidden = false;
      // Where there is a keyboard; on a telephone it would push the emoji out of sight.
      if (matchMedia("(hover: hover)").matches) search.focus();
      if (!list.childElementCount) list.append(...forumEmoji.all.map(([character, name]) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = character;
        button.title = `:${name}:`;
        // In other languages the character itself says it better.
        if (document.documentElement.lang === "en") button.setAttribute("aria-label", name.replaceAll("_", " "));
        return button;
      }));
    });
    search.addEventListener("input", () => {
      const found = forumEmoji.named(search.value.trim().replaceAll(" ", "_"));
      for (const button of list.children) button.hidden = !found.includes(button.textContent);
    });
    search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // It is not to send the form.
      list.querySelector("button:not([hidden])")?.click();
    });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      box.open = false;
      replace(area, area.selectionStart, area.selectionEnd, button.textContent);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !box.open) return;
      box.open = false;
      box.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => {
      if (!box.contains(event.target)) box.open = false;
    });
  }

  /* One stop for the Tab key; arrows go from button to button. */
  function toolbar(bar, area) {
    const stops = [...bar.querySelectorAll(":scope > button, :scope > details > summary")];
    const rove = (stop) => stops.forEach((each) => { each.tabIndex = each === stop ? 0 : -1; });
    rove(stops[0]);
    bar.hidden = false;
    bar.addEventListener("focusin", (event) => stops.includes(event.target) && rove(event.target));
    bar.addEventListener("keydown", (event) => {
      const here = stops.indexOf(event.target);
      const steps = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: -1 };
      if (here < 0 || !(event.key in steps)) return;
      event.preventDefault();
      stops.at(steps[event.key] % stops.length).focus();
    });
    bar.addEventListener("click", (event) => {
      const kind = event.target.closest("[data-format]")?.dataset.format;
      if (kind) format(area, kind);
    });
    const box = bar.querySelector("[data-emoji]");
    if (box) emoji(box, area);
  }

  function keys(area) {
    area.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const kind = event.shiftKey ? SHIFTED[event.code] : KEYS[event.key.toLowerCase()];
      if (!kind) return;
      event.preventDefault();
      format(area, kind);
    });
  }

  /* -- Threads that are like a new one, under its title. -------------------------------------------- */

  function similar(nav, field) {
    const list = nav.querySelector("ul");
    let timer, asked = 0, off = false;
    const show = async () => {
      const title = field.value.trim(), mine = ++asked;
      let found = [];
      if (title.length >= 4) {
        const answer = await fetch(`${nav.dataset.similarUrl}?title=${encodeURIComponent(title)}`);
        if (!answer.ok) { off = true; return; }
        found = (await answer.json()).threads.slice(0, 5);
      }
      if (mine !== asked) return;
      list.replaceChildren(...found.map((thread) => {
        const item = document.createElement("li"), a = document.createElement("a");
        a.href = thread.url;
        a.textContent = thread.title;
        a.target = "_blank";
        a.dir = "auto";
        item.append(a);
        return item;
      }));
      nav.hidden = !found.length;
    };
    field.addEventListener("input", () => {
      clearTimeout(timer);
      if (!off) timer = setTimeout(() => show().catch(() => {}), 600);
    });
  }

  for (const form of document.querySelectorAll("form[data-editor]")) {
    const area = form.querySelector("textarea[name=body]");
    const bar = form.querySelector("[data-toolbar]"), nav = form.querySelector("[data-similar-url]");
    if (!area) continue;
    keys(area);
    if (bar) toolbar(bar, area);
    if (nav && form.elements.title && !form.elements.revision) similar(nav, form.elements.title);
    form.addEventListener("editor:replace", ({ detail: { from, to, text } }) => replace(area, from, to, text));
  }
})();
