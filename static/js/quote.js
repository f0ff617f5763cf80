/* Quoting into the open editor: the text that is selected in the post, or else the whole of it as it was written. */

(() => {
  "use strict";
  const editorFor = (path) => [...document.querySelectorAll("form[data-editor]")]
    .find((form) => form.getAttribute("action") === path && form.elements.body);

  function selected(post) {
    const selection = getSelection();
    const prose = post?.querySelector(".prose");
    if (!prose || selection.isCollapsed || !prose.contains(selection.anchorNode) || !prose.contains(selection.focusNode)) return "";
    return selection.toString().trim();
  }

  function quotation(post, thread, number, text) {
    const name = post.querySelector("a.author")?.textContent.trim();
    const first = `${name ? `@${name}` : "former member"} wrote in [#${number}](/p/${thread}/${number}/):`;
    return `${[first, ...text.split("\n")].map((line) => `> ${line}`.trimEnd()).join("\n")}\n\n`;
  }

  async function quote(url, form, post) {
    const number = url.searchParams.get("quote"), thread = url.pathname.split("/")[3];
    const words = selected(post);
    let text = words && quotation(post, thread, number, words);
    if (!text) {
      url.searchParams.set("as", "text");
      const answer = await fetch(url);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      text = await answer.text();
    }
    const area = form.elements.body, before = area.value.trimEnd();
    const detail = { from: before.length, to: area.value.length, text: (before ? "\n\n" : "") + text };
    form.dispatchEvent(new CustomEvent("editor:replace", { detail }));
    area.scrollIntoView({ block: "center" });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-quote]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const url = new URL(link.href), form = editorFor(url.pathname);
    if (!form) return;
    event.preventDefault();
    quote(url, form, link.closest("article")).catch(() => { location.href = link.href; });
  });
})();
