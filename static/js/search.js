/* The key "/" leads to the search box, unless something is being typed; and filters that are not set do not come into
   the address. Enhancement only. */

(() => {
  "use strict";
  const typing = (element) => element?.closest("input, textarea, select, [contenteditable]:not([contenteditable=false])");

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(document.activeElement)) return;
    const boxes = [...document.querySelectorAll("[data-search-box]")].filter((box) => box.offsetParent);
    const box = boxes.at(-1);
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  for (const form of document.querySelectorAll("[data-search-form]")) {
    form.addEventListener("formdata", ({ formData }) => {
      const unset = [...formData].filter(([name, value]) => !value || (name === "sort" && value === "relevance"));
      for (const [name] of unset) formData.delete(name);
    });
  }
})();
