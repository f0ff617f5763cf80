/* Enhancement only: every page works without this file. Each function below makes one thing nicer
   and none needs another. No inline styles and no eval, so a strict Content-Security-Policy holds. */

(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const later = (work, wait) => {
    let timer;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(work, wait);
    };
  };

  const lang = document.documentElement.lang;
  const said = document.body.dataset;
  const number = (n) => n.toLocaleString(lang);
  document.addEventListener("posts:shown", () => { addCopyButtons(); makeScrollable(); });

  /* -- Colours without a reload; the form posts the choice, so that it is kept. --------------------- */

  function markTheme(value) {
    for (const button of all("[data-theme-form] button")) {
      button.setAttribute("aria-pressed", String(button.value === value));
    }
  }

  for (const form of all("[data-theme-form]")) {
    form.addEventListener("submit", (event) => {
      const value = event.submitter?.value;
      if (!value) return;
      event.preventDefault();
      if (value === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = value;
      markTheme(value);
      const body = new FormData(form);
      body.set("theme", value);
      fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {});
    });
  }
  markTheme(document.documentElement.dataset.theme || "auto");

  /* -- Forms are sent once, however often somebody clicks. ------------------------------------------ */

  function sent(form, yes) {
    form.toggleAttribute("data-sent", yes);
    for (const button of all("button[type=submit]", form)) button.setAttribute("aria-disabled", String(yes));
  }

  for (const form of all("form[data-once], form[data-editor]")) {
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      if (form.hasAttribute("data-sent")) event.preventDefault();
      else sent(form, true);
    });
  }
  // Coming back with the browser's Back button shows the page as it was left: let it be sent again.
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => sent(form, false)));

  /* -- The editor: preview as you write, a warning before text is lost, room that grows. ------------ */

  const length = (text) => [...text.replace(/\r\n?/g, "\n")].length;

  function countLeft(form) {
    for (const note of all("[data-count-for]", form)) {
      const field = document.getElementById(note.dataset.countFor);
      const limit = Number(note.dataset.limit);
      if (!field) continue;
      const show = () => {
        const left = limit - length(field.value);
        note.classList.toggle("is-over", left < 0);
        const words = left < 0 ? note.dataset.over : left < limit / 10 ? note.dataset.left : "";
        note.textContent = words.replace("{n}", number(Math.abs(left)));
      };
      field.addEventListener("input", show);
      show();
    }
  }

  function livePreview(form) {
    const button = form.querySelector("button[name=preview]");
    const pane = form.querySelector("[data-preview]");
    const text = form.querySelector("textarea[name=body]");
    if (!button || !pane || !text) return;
    const target = pane.querySelector("[data-preview-body]");
    let asked = 0;

    const show = async () => {
      const mine = ++asked;
      const body = new FormData();
      body.set("body", text.value);
      body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      const answer = await fetch(form.dataset.previewUrl, { method: "POST", body, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const html = await answer.text();
      if (mine !== asked) return; // A newer text is on its way.
      target.innerHTML = html; // The server's own sanitised output, as on the page itself.
      pane.hidden = false;
      addCopyButtons(target);
    };
    button.setAttribute("aria-pressed", String(!pane.hidden));
    button.addEventListener("click", (event) => {
      event.preventDefault();
      button.setAttribute("aria-pressed", String(pane.hidden));
      if (!pane.hidden) {
        pane.hidden = true;
        asked += 1;
        return;
      }
      show().then(() => pane.scrollIntoView({ block: "nearest" }), (error) => {
        if (error instanceof TypeError) return document.dispatchEvent(new CustomEvent("forum:unreached"));
        button.replaceWith(button.cloneNode(true)); // The clone sends the form: the server's own preview page.
        form.querySelector("button[name=preview]").click();
      });
    });
    const follow = later(() => show().catch(() => {}), 400);
    text.addEventListener("input", () => pane.hidden || follow());
  }

  for (const link of all("a[href='#reply']")) {
    link.addEventListener("click", (event) => {
      const text = document.querySelector("#reply textarea");
      if (!text || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault(); // Going to an address takes the focus away again.
      text.focus({ preventScroll: true });
      document.getElementById("reply").scrollIntoView();
    });
  }

  const grows = CSS.supports("field-sizing", "content");
  function growWithText(text) {
    if (grows) return;
    const fit = () => {
      text.rows = Math.min(24, Math.max(8, text.value.split("\n").length + Math.floor(text.value.length / 90)));
    };
    text.addEventListener("input", fit);
    fit();
  }

  const hasText = (form) => all("textarea:not([readonly]), input[type=text]", form)
    .some((field) => (form.hasAttribute("data-unsent") ? field.value.trim() : field.value !== field.defaultValue));

  for (const form of all("form[data-editor]")) {
    countLeft(form);
    livePreview(form);
    all("textarea", form).forEach(growWithText);
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector("button[type=submit]:not([name])"));
    });
  }
  window.addEventListener("beforeunload", (event) => {
    const losing = all("form[data-editor]").some((form) => !form.hasAttribute("data-sent") && hasText(form));
    const sending = document.querySelector("form[data-editor][data-sent]");
    if (losing && !sending) event.preventDefault();
  });

  /* -- A copy button on blocks of code. ------------------------------------------------------------- */

  function addCopyButtons(root = document) {
    if (!navigator.clipboard) return;
    for (const pre of all(".prose pre", root.closest?.(".prose")?.parentElement ?? root)) {
      if (pre.parentElement.classList.contains("code-block")) continue;
      const box = document.createElement("div");
      const button = document.createElement("button");
      box.className = "code-block";
      button.className = "copy";
      button.type = "button";
      button.textContent = said.copy;
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(pre.textContent).then(() => {
          button.textContent = said.copied;
          setTimeout(() => { button.textContent = said.copy; }, 2000);
        }, () => {});
      });
      pre.replaceWith(box);
      box.append(pre, button);
    }
  }
  addCopyButtons();

  // Code and tables that scroll sideways can be reached, and scrolled, with the keyboard.
  function makeScrollable() {
    for (const block of all(".prose pre, .prose table")) {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
    }
  }
  makeScrollable();

  /* -- What could not be sent is said on the page: the browser's own words would take its place. ------- */

  document.addEventListener("forum:unreached", () => {
    const note = Object.assign(document.createElement("p"), { className: "unreached", textContent: said.unreached });
    note.setAttribute("role", "alert");
    document.querySelector(".unreached")?.remove();
    document.body.append(note);
    setTimeout(() => note.remove(), 6000);
  });

  /* -- The browser's Back button shows a list as it was left: what has been read since is new no longer. -- */

  const MARKS = ".unread-badge, .unread-dot";
  const markedBy = (mark) => (mark.matches("a") ? mark : mark.nextElementSibling).getAttribute("href");

  async function renewMarks() {
    const headers = { "X-Requested-With": "renewal" };
    // While a page is come back to, a browser takes what it has, however old, unless it is told not to.
    const answer = await fetch(location.href, { headers, redirect: "manual", cache: "no-cache" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const marks = new Map(all(MARKS, fresh).map((mark) => [markedBy(mark), mark]));
    for (const mark of all(MARKS)) {
      const newer = marks.get(markedBy(mark));
      if (newer) mark.replaceWith(document.adoptNode(newer));
      else mark.remove();
    }
  }

  window.addEventListener("pageshow", (event) => {
    const back = event.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (back && document.querySelector(MARKS)) renewMarks().catch(() => {});
  });

  /* -- Menus close on Escape, on a click elsewhere, and when the focus goes on. ------------------------- */

  for (const menu of all("[data-menu]")) {
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
    });
  }
})();
