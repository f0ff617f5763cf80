/* Django's choosers of two boxes draw hints whose names screen readers may not read out: they lack a role. */

window.addEventListener("load", () => {
  // The choosers are drawn on the same event, by scripts that may come later.
  setTimeout(() => {
    for (const hint of document.querySelectorAll(".help-tooltip[aria-label]")) hint.setAttribute("role", "img");
  });
});
