/* Drafts: what is being written is kept in this browser at once, and on the server after a pause, by the address
   that its form posts to. What is found again goes into an empty editor by itself; beside other text it is offered. */

(() => {
  "use strict";
  const TITLE_MOST = 200, BODY_MOST = 40000, BEACON_MOST = 15000, PAUSE = 3000;
  // What stands in a form beside the title and the text; the last ones say nothing without a question or options.
  const MORE = ["to", "tags", "poll_question", "poll_options"], OF_POLL = ["poll_several", "poll_closes", "poll_shows"];
  const LIFE = 30 * 24 * 3600 * 1000;

  const store = {
    get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* Full, or forbidden. */ } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* Forbidden. */ } },
    keys() { try { return Object.keys(localStorage).filter((key) => key.startsWith("draft:")); } catch { return []; } },
  };

  /* The text that this tab has sent, and whether it is known to have arrived. */
  const sent = {
    get() { try { return JSON.parse(sessionStorage.getItem("sent")); } catch { return null; } },
    set(value) { try { sessionStorage.setItem("sent", JSON.stringify(value)); } catch { /* Full, or forbidden. */ } },
  };

  /* The path of the post that has just arrived: the server's word that its draft is done with. */
  function arrived() {
    const found = document.cookie.match(/(?:^|; )posted=([^;]*)/);
    if (!found) return "";
    document.cookie = `posted=; Max-Age=0; path=/; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
    return decodeURIComponent(found[1]);
  }

  const posted = arrived();
  if (posted && sent.get()?.path === posted) sent.set({ ...sent.get(), arrived: true });
  for (const key of store.keys()) {
    const kept = store.get(key);
    // Of an edit there is no form where it arrives, unless by chance.
    const done = posted && key.endsWith(`:${posted}`) && !kept?.saving;
    if (done || Date.now() - (kept?.saved ?? 0) > LIFE) store.drop(key);
  }
  // On a computer that others use nothing stays behind but what the server does not have.
  for (const form of document.querySelectorAll('form[action$="/logout/"]')) {
    form.addEventListener("submit", () => store.keys().filter((key) => store.get(key)?.stored).forEach(store.drop));
  }

  const valueOf = (field) => (field.type === "checkbox" ? (field.checked ? "on" : "") : field.value);

  function fill(field, text) {
    if (field.type === "checkbox") field.checked = Boolean(text);
    else if (text || !field.options) field.value = field.defaultValue = text || "";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  class Draft {
    constructor(form) {
      this.form = form;
      this.body = form.elements.body;
      this.title = form.elements.title ?? { value: "" };
      this.path = new URL(form.getAttribute("action") || location.pathname, location.href).pathname;
      this.key = `draft:${form.dataset.writer}:${this.path}`;
      this.note = form.querySelector("[data-draft-note]");
      this.others = [...MORE, ...OF_POLL].map((name) => form.elements[name]).filter(Boolean);
      this.saving = false;
      this.timer = 0;
      this.first = [this.title.value, this.body.value];
      if (posted) this.done(`draft:${form.dataset.writer}:${posted}`);
      const kept = store.get(this.key);
      this.kept = kept?.saved;
      if (kept) this.found(kept);
      this.listen();
    }

    /* With what has just been posted, from this form's address or from another one's. */
    done(key) {
      // A save that was under way when the form was sent may have come in after it.
      if (store.get(key)?.saving) this.send("discard/", { path: posted }).catch(() => {});
      store.drop(key);
    }

    get changed() { return this.title.value !== this.first[0] || this.body.value !== this.first[1]; }

    /* The other fields by name, as far as they hold anything. */
    get more() {
      const all = this.others.map((field) => [field.name, valueOf(field)]).filter(([, text]) => text);
      const poll = all.some(([name]) => name === "poll_question" || name === "poll_options");
      return Object.fromEntries(all.filter(([name]) => poll || MORE.includes(name)));
    }

    get empty() { return ![this.title.value, this.body.value, ...Object.values(this.more)].some((text) => text.trim()); }

    found({ title, body, more, saved }) {
      const now = this.more;
      const others = !more || [...MORE, ...OF_POLL].every((name) => (more[name] || "") === (now[name] || ""));
      const same = body === this.body.value && (title || "") === this.title.value && others;
      // What stands in the form already, kept while its writer signed in, is done with once the form has arrived.
      if (same && body) this.mark("stored");
      if (same || this.gone || !(body || title || Object.keys(more ?? {}).length) || this.newest > saved) return;
      this.newest = saved;
      this.other = { title, body, more };
      if (this.empty) this.restore();
      else this.show("offered");
    }

    restore() {
      const { title, body, more } = this.other;
      const others = more ? this.others.map((field) => [field, more[field.name]]) : [];
      for (const [field, text] of [[this.title, title], [this.body, body], ...others]) {
        if (field.form) fill(field, text);
      }
      const poll = this.form.querySelector(".poll-fields");
      if (poll && (more?.poll_question || more?.poll_options)) poll.open = true;
      clearTimeout(this.timer);
      this.mark("stored");
      this.show("restored");
    }

    show(what) {
      if (!this.note) return;
      this.note.hidden = !what;
      this.note.querySelector("[data-draft-restored]").hidden = what !== "restored";
      this.note.querySelector("[data-draft-offered]").hidden = what !== "offered";
    }

    mark(where) {
      const field = this.form.elements.draft;
      if (field && field.value !== "stored") field.value = where;
    }

    keep() {
      const draft = { title: this.title.value, body: this.body.value, more: this.more, saved: Date.now(), stored: false };
      const kept = store.get(this.key), elsewhere = kept && kept.saved !== this.kept;
      // Another tab has this form open, too: what was written there is offered here before it is written over.
      if (elsewhere && !this.empty) this.found(kept);
      if (draft.body || draft.title || Object.keys(draft.more).length) {
        store.set(this.key, draft);
        this.kept = draft.saved;
      } else if (!elsewhere) store.drop(this.key);
      this.mark("local");
    }

    async send(where, fields, keepalive = false) {
      const body = new FormData();
      Object.entries(fields).forEach(([name, value]) => body.set(name, value));
      body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
      const headers = { "X-Requested-With": "fetch" };
      const url = this.form.dataset.draftsUrl + where;
      const answer = await fetch(url, { method: "POST", body, headers, keepalive, redirect: "manual" });
      return answer.status === 204;
    }

    async save(leaving = false) {
      clearTimeout(this.timer);
      const [heading, text] = [this.title.value, this.body.value];
      const fits = heading.length <= TITLE_MOST && text.length <= (leaving ? BEACON_MOST : BODY_MOST);
      if (!this.waits || !fits || this.form.hasAttribute("data-sent")) return;
      this.waits = false;
      this.saving = true;
      this.mark("stored");
      try {
        const stored = await this.send("", { path: this.path, heading, text, ...this.more }, leaving);
        const kept = store.get(this.key);
        if (stored && kept?.body === text) store.set(this.key, { ...kept, stored: true });
      } catch {
        this.waits = true; // Away for a moment; the browser has it.
      } finally {
        this.saving = false;
      }
    }

    async ask() {
      const answer = await fetch(`${this.form.dataset.draftsUrl}?path=${encodeURIComponent(this.path)}`, { redirect: "manual" });
      if (!answer.ok) return;
      const { draft } = await answer.json();
      if (draft) this.found(draft);
    }

    async discard() {
      this.gone = true; // Whatever the server still says of it.
      clearTimeout(this.timer);
      this.waits = false;
      store.drop(this.key);
      const restored = this.other && this.body.value === this.other.body;
      if (restored || this.form.elements.draft.defaultValue) {
        for (const field of [this.title, this.body, ...this.others]) {
          if (field.form) fill(field, "");
        }
        clearTimeout(this.timer);
        this.waits = false;
        store.drop(this.key);
      }
      this.show("");
      this.body.focus();
      await this.send("discard/", { path: this.path }, true);
    }

    /* The browser's Back button shows the form as it was sent: what has arrived is not to look as if it had not. */
    empties() {
      const last = sent.get();
      const known = last?.arrived && last.path === this.path && last.body === this.body.value;
      if (known && !this.body.defaultValue) fill(this.body, "");
    }

    listen() {
      const later = (wait) => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.save(), wait);
      };
      this.form.addEventListener("input", (event) => {
        if (![this.title, this.body, ...this.others].includes(event.target)) return;
        this.keep();
        this.waits = true;
        later(PAUSE);
      });
      this.form.addEventListener("focusout", () => this.waits && later(1000));
      this.body.addEventListener("focus", () => this.changed || this.ask().catch(() => {}), { once: true });
      this.form.addEventListener("submit", () => {
        clearTimeout(this.timer);
        sent.set({ path: this.path, body: this.body.value });
        const kept = this.saving && store.get(this.key);
        if (kept) store.set(this.key, { ...kept, saving: true });
      });
      addEventListener("pageshow", () => this.empties());
      document.addEventListener("visibilitychange", () => document.hidden && this.save(true));
      this.note?.querySelector("[data-draft-restore]").addEventListener("click", () => this.restore());
      this.note?.querySelector("[data-draft-discard]").addEventListener("click", (event) => {
        event.preventDefault();
        this.discard().catch(() => {});
      });
    }
  }

  for (const form of document.querySelectorAll("form[data-editor][data-writer]")) {
    if (form.elements.body && form.elements.draft) new Draft(form);
  }
})();
