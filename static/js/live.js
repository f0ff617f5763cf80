/* Enhancement only: an open page asks every two seconds whether it is still as it was. New replies are announced,
   and shown when the reader wants them; posts that were edited, hidden or liked change where they stand. A page that
   nobody looks at asks seldom. The browser keeps the last answer, so all that comes is most often "304". */

(() => {
  "use strict";

  const live = document.querySelector("[data-live]");
  if (!live) return;

  const SOON = 2000, IDLE = 10000, HIDDEN = 30000, LONGEST = 60000, IDLE_AFTER = 10 * 60 * 1000;
  const title = document.title;
  // A row's id begins so; and where a reader goes who wants to see the one of the number {n}.
  const { row: ROW = "post-", more: MORE = `/p/${live.dataset.thread}/{n}/` } = live.dataset;
  const ROWS = ".posts > .post, .posts > .ignored-post, .posts > .talk-event";
  const seen = { last: Number(live.dataset.last || 0), threads: {} };
  for (const row of document.querySelectorAll("[data-thread][data-last]:not([data-live])")) {
    seen.threads[row.dataset.thread] = Number(row.dataset.last);
  }
  let failures = 0, touched = Date.now(), timer = 0, busy = false;

  /* -- Asking --------------------------------------------------------------------------------------- */

  function pause() {
    if (failures) return Math.min(SOON * 2 ** failures, LONGEST);
    if (document.hidden) return HIDDEN;
    return Date.now() - touched > IDLE_AFTER ? IDLE : SOON;
  }

  function later() {
    clearTimeout(timer);
    // A little by chance, so that all who were told at once do not ask at once.
    timer = setTimeout(ask, pause() * (0.9 + Math.random() / 5));
  }

  async function ask() {
    if (busy) return;
    busy = true;
    let over = false;
    try {
      const answer = await fetch(live.dataset.live, { redirect: "manual", headers: { Accept: "application/json" } });
      over = [403, 404, 410].includes(answer.status) || answer.type === "opaqueredirect";
      if (over) announce(live.dataset.changed, location.pathname + location.search);
      else if (!answer.ok) throw new Error(String(answer.status));
      else await show(await answer.json());
      failures = 0;
    } catch {
      failures += 1;
    } finally {
      busy = false;
      if (!over) later();
    }
  }

  /* -- Showing -------------------------------------------------------------------------------------- */

  const words = (one, many, n) => (n === 1 ? one : many.replace("{n}", n.toLocaleString(document.documentElement.lang)));

  function announce(text, href, count = 0) {
    const link = live.querySelector("a");
    document.title = count ? `(${count}) ${title}` : title;
    if (!text) return link?.remove();
    const shown = link ?? live.appendChild(Object.assign(document.createElement("a"), { className: "btn btn-primary" }));
    if (shown.textContent !== text) shown.textContent = text;
    shown.setAttribute("href", href);
  }

  function showCount(count, badges) {
    for (const badge of document.querySelectorAll(badges)) {
      const number = badge.querySelector("span");
      if (number.textContent !== count) number.textContent = count;
      badge.hidden = count === "0" || count === "";
    }
  }

  async function show(now) {
    showCount(now.notes, "[data-notes]");
    showCount(now.cases ?? "", "[data-cases]");
    if (now.threads) return showThreads(now.threads);
    if (now.head !== live.dataset.head) return announce(live.dataset.changed, location.pathname + location.search);
    const more = now.last - seen.last;
    const { reply, replies } = live.dataset;
    announce(more > 0 ? words(reply, replies, more) : "", MORE.replace("{n}", seen.last + 1), Math.max(more, 0));
    const stale = changed(now.posts);
    if (stale.length) renew(stale, await page(true));
  }

  function showThreads(threads) {
    const news = Object.entries(threads).filter(([id, last]) => seen.threads[id] !== last).length;
    const { news: one, moreNews: many } = live.dataset;
    announce(news ? words(one, many, news) : "", location.pathname, news);
  }

  /* -- Posts ---------------------------------------------------------------------------------------- */

  /* Whether somebody has chosen something in a poll and not sent it yet. */
  const isChosen = (post) => [...post.querySelectorAll(".poll-input")].some((each) => each.checked !== each.defaultChecked);

  /* Those that are not as they were, but for what somebody is using at this moment. */
  function changed(revisions) {
    const focus = document.activeElement, selection = getSelection();
    return Object.entries(revisions)
      .map(([number, revision]) => [document.getElementById(ROW + number), String(revision)])
      .filter(([post, revision]) => post && post.dataset.revision !== revision)
      .map(([post]) => post)
      .filter((post) => !post.contains(focus) && !isChosen(post) && (selection.isCollapsed || !selection.containsNode(post, true)));
  }

  /* The page as it is now. While nobody has asked for what is new, it is not to count as read. */
  async function page(quietly) {
    const headers = quietly ? { "X-Requested-With": "renewal" } : {};
    const answer = await fetch(location.pathname + location.search, { headers, redirect: "manual" });
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  function renew(posts, fresh) {
    for (const post of posts) {
      const newer = fresh.getElementById(post.id);
      if (newer) post.replaceWith(document.adoptNode(newer));
    }
    document.dispatchEvent(new CustomEvent("posts:shown"));
  }

  /* How many replies there are, and which is the newest. */
  function renewHead(fresh) {
    for (const part of [".thread-facts", ".thread-bar-newest"]) {
      const newer = fresh.querySelector(part), here = document.querySelector(part);
      if (newer && here) here.replaceWith(document.adoptNode(newer));
      else if (newer) document.querySelector(".thread-dock").after(document.adoptNode(newer));
    }
  }

  const idOf = (row) => row.id || row.querySelector(".post").id;

  async function showNew() {
    const fresh = await page(false);
    const list = document.querySelector(".posts");
    // Of an ignored member's post the line comes along that it is folded into.
    const arrived = [...fresh.querySelectorAll(ROWS)]
      .filter((row) => !document.getElementById(idOf(row)));
    if (!arrived.length) throw new Error("they are on another page");
    for (const post of arrived) {
      const line = post.previousElementSibling;
      if (line?.matches(".unread-line") && !list.querySelector(".unread-line")) list.append(document.adoptNode(line));
      list.append(document.adoptNode(post));
      post.classList.add("is-new");
    }
    renewHead(fresh);
    seen.last = Number(idOf(arrived.at(-1)).replace(ROW, ""));
    announce("");
    document.dispatchEvent(new CustomEvent("posts:shown"));
    arrived[0].tabIndex = -1;
    arrived[0].focus({ preventScroll: true });
    arrived[0].scrollIntoView({ block: "nearest" });
    ask();
  }

  live.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !live.dataset.last) return;
    // The page goes on where it is full, or has changed altogether: the link leads there.
    const here = document.getElementById(ROW + seen.last) && link.getAttribute("href") === MORE.replace("{n}", seen.last + 1);
    if (!here) return;
    event.preventDefault();
    showNew().catch(() => location.assign(link.href));
  });

  for (const kind of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    touched = Date.now();
    clearTimeout(timer);
    ask();
  });
  later();
})();
