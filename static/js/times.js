/* Enhancement only: a page carries each time in full, in UTC or in the zone that its reader has chosen. Here it
   becomes "5 min ago", in the page's language, and the full time in the reader's zone is told when pointed at. What is
   printed is read on another day, so it says when that was. */

(() => {
  "use strict";
  const { lang, dataset } = document.documentElement;
  const said = document.body.dataset;
  const locale = lang === "en" ? "en-GB" : lang;
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

  const inZone = (options) => {
    try {
      return new Intl.DateTimeFormat(locale, { ...options, timeZone: dataset.zone || undefined });
    } catch {
      return new Intl.DateTimeFormat(locale, options); // A zone that this browser does not know.
    }
  };
  const full = inZone({ dateStyle: "full", timeStyle: "short" });
  const soon = inZone({ dateStyle: "medium", timeStyle: "short" });
  const inYear = inZone({ day: "numeric", month: "short" });
  const before = inZone({ day: "numeric", month: "short", year: "numeric" });
  const year = inZone({ year: "numeric" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

  let onPaper = false;

  function words(moment, now) {
    const passed = now - moment;
    if (onPaper || passed < -MINUTE) return soon.format(moment);
    if (passed < MINUTE) return said.now;
    if (passed < HOUR) return said.minutes.replace("{n}", Math.floor(passed / MINUTE));
    if (passed < DAY) return said.hours.replace("{n}", Math.floor(passed / HOUR));
    if (passed < 7 * DAY) return relative.format(-Math.floor(passed / DAY), "day");
    const day = year.format(moment) === year.format(now) ? inYear : before;
    return day.format(moment).replace("Sept ", "Sep "); // As the server writes it.
  }

  function show() {
    const now = new Date();
    for (const element of document.querySelectorAll("time[datetime]:not([data-exact])")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const text = words(moment, now);
      if (element.textContent !== text) element.textContent = text;
      element.title = full.format(moment);
    }
  }

  show();
  document.addEventListener("posts:shown", show);
  addEventListener("beforeprint", () => { onPaper = true; show(); });
  addEventListener("afterprint", () => { onPaper = false; show(); });
  setInterval(() => document.hidden || show(), MINUTE);
  document.addEventListener("visibilitychange", () => document.hidden || show());
})();
