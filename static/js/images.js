/* Images for a text that is being written: chosen with the button, dropped on the text, or pasted. Each is sent at
   once, and a mark stands in the text until it is there. Without this script the form takes them along. */

(() => {
  "use strict";
  const MOST = 10;

  const imagesOf = (transfer) => [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  function editor(form) {
    const area = form.querySelector("textarea[name=body]");
    const field = form.elements.images, note = form.querySelector("[data-image-note]");
    const button = form.querySelector("[data-image]");
    if (!area || !field || !note || !button) return;
    let sent = 0, waiting = 0, queue = Promise.resolve();

    function say(words, isError = false) {
      note.textContent = words;
      note.classList.toggle("is-error", isError);
      note.hidden = !words;
    }

    function replace(from, to, text) {
      form.dispatchEvent(new CustomEvent("editor:replace", { detail: { from, to, text } }));
    }

    /* A line of its own where the cursor is; what is selected stays. Returns the line break that had to go before. */
    function insert(text) {
      const at = area.selectionEnd, before = area.value.slice(0, at), after = area.value.slice(at);
      const start = !before || before.endsWith("\n") ? "" : "\n";
      replace(at, at, start + text + (after.startsWith("\n") ? "" : "\n"));
      return start;
    }

    /* The writer may have gone on writing, so the mark is looked for where it is now, and the cursor stays. */
    function settle(mark, text) {
      const at = area.value.indexOf(mark);
      if (at < 0) return text && insert(text);
      swap(at, at + mark.length, text);
    }

    /* Of what could not be sent no empty line is left. */
    function drop(mark, start) {
      const at = area.value.indexOf(mark), end = at + mark.length + 1;
      if (at < 0) return;
      const isLast = end >= area.value.length && area.value.slice(0, at).endsWith(start);
      swap(isLast ? at - start.length : at, area.value[end - 1] === "\n" ? end : end - 1, "");
    }

    function swap(from, to, text) {
      const cursor = area.selectionEnd, grows = text.length - (to - from);
      replace(from, to, text);
      const now = cursor > from ? Math.max(from, cursor + grows) : cursor;
      area.setSelectionRange(now, now);
    }

    async function send(file) {
      const body = new FormData();
      body.set("image", file);
      body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      const answer = await fetch(form.dataset.imagesUrl, { method: "POST", body, credentials: "same-origin" })
        .catch(() => { throw new Error(note.dataset.failed); });
      if (answer.status === 413 && !answer.headers.get("Content-Type")?.includes("json")) throw new Error(note.dataset.large);
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(said.error ? `{name}: ${said.error}` : note.dataset.failed);
      return said.markdown;
    }

    async function add(file) {
      const mark = `![${note.dataset.sending.replace("{name}", () => file.name.replace(/[[\]\\]/g, " "))} ${++sent}]()`;
      const start = insert(mark);
      waiting += 1;
      say(waiting > 1 ? note.dataset.many.replace("{n}", waiting) : note.dataset.one);
      /* One after another: each takes a share of the server's memory, and they stay in their order. */
      queue = queue.then(() => send(file)).then(
        (markdown) => { settle(mark, markdown); return ""; },
        (error) => { drop(mark, start); return error.message.replace("{name}", () => file.name); },
      ).then((problem) => {
        waiting -= 1;
        if (problem) say(problem, true);
        else if (!waiting && !note.classList.contains("is-error")) say("");
      });
      await queue;
    }

    function addAll(files) {
      if (!files.length) return;
      say("");
      files.slice(0, MOST).forEach(add);
      if (files.length > MOST) say(note.dataset.most.replace("{n}", MOST), true);
    }

    button.addEventListener("click", () => field.click());
    field.closest(".image-field").hidden = true;
    field.addEventListener("change", () => {
      addAll([...field.files]);
      field.value = "";
    });
    area.addEventListener("paste", (event) => {
      // A table copied from a spreadsheet comes as text and as a picture of it: then the text is meant.
      const files = imagesOf(event.clipboardData);
      if (!files.length || event.clipboardData.types.includes("text/plain")) return;
      event.preventDefault();
      addAll(files);
    });
    area.addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      area.classList.add("is-dropped-on");
    });
    for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => area.classList.remove("is-dropped-on"));
    area.addEventListener("drop", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      const files = imagesOf(event.dataTransfer);
      if (files.length) addAll(files);
      else say(note.dataset.only, true);
    });
    form.addEventListener("submit", (event) => {
      if (!waiting || event.submitter?.name) return;
      event.preventDefault();
      say(note.dataset.wait, false);
    }, { capture: true });
  }

  for (const form of document.querySelectorAll("form[data-editor]")) editor(form);
})();
