/* Enhancement only: likes, bookmarks and answers are forms that work without this file. With it a press is
   answered at once and without a reload, and the number is the one that the server has counted. */

(() => {
  "use strict";

  const form = document.querySelector("form[data-reactions]");
  if (!form) return;

  // A press that is still under way when its reader goes elsewhere is not to bring them back.
  let leaving = false;
  addEventListener("pagehide", () => (leaving = true));
  addEventListener("pageshow", () => (leaving = false));

  function show(button, on, likes) {
    button.setAttribute("aria-pressed", String(on));
    button.value = on ? "0" : "1";
    const count = button.classList.contains("act-like") && button.parentElement.querySelector(".act-count");
    if (!count || likes === undefined) return;
    count.hidden = !likes;
    count.querySelector(".act-number").textContent = likes.toLocaleString(document.documentElement.lang);
    count.querySelector(".act-likes").textContent = ` ${likes === 1 ? form.dataset.like : form.dataset.likes}`;
  }

  /* As without this file, so that a page says what is wrong. */
  function sendPlain(button) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = button.name;
    field.value = button.value;
    form.append(field);
    form.action = button.formAction;
    form.submit();
  }

  async function send(button) {
    const wanted = button.value === "1";
    const body = new FormData(form);
    body.set(button.name, button.value);
    button.setAttribute("aria-busy", "true");
    button.setAttribute("aria-pressed", String(wanted));
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(button.formAction, { method: "POST", body, headers, keepalive: true });
      // The session has ended: the sign-in page leads back to the post.
      if (answer.redirected) return location.assign(answer.url);
      if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error(answer.status);
      const now = await answer.json();
      show(button, now.on, now.likes);
    } catch (error) {
      button.setAttribute("aria-pressed", String(!wanted));
      if (leaving) return;
      if (error instanceof TypeError) document.dispatchEvent(new CustomEvent("forum:unreached"));
      else sendPlain(button);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    // Another answer changes badges all over the page, so that one is loaded anew.
    if (!button || button.classList.contains("act-answer")) return;
    event.preventDefault();
    if (button.getAttribute("aria-busy") !== "true") send(button);
  });
})();
