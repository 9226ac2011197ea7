// The history page: the runs of the recipe, the newest first, and what each cost.

import { element } from "./dom.js";
import * as server from "./server_source.js";
import { showSite } from "./site_frame.js";
import { countText, moneyText, RUN_ENDS, takesText } from "./words.js";

function runRow({ run, status, begun_at: begun, ended_at: ended, summary }) {
  const when = new Date(begun * 1000);
  const made = typeof summary.made === "number" ? countText(summary.made, "call") : "–";
  const cost = typeof summary.cost_usd === "number" ? moneyText(summary.cost_usd) : "–";
  return element(
    "tr",
    {},
    element("th", { scope: "row", title: run }, element("time", { datetime: when.toISOString() }, when.toLocaleString([], { dateStyle: "medium", timeStyle: "short" }))),
    element("td", {}, RUN_ENDS[status] ?? status),
    element("td", {}, ended ? durationText(ended - begun) : "–"),
    element("td", {}, takesText(summary) ?? "–"),
    element("td", {}, made),
    element("td", {}, summary.unknown_cost ? `${cost} and more` : cost),
  );
}

function durationText(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

function historyOf(runs) {
  if (runs.length === 0) return element("div", { class: "empty" }, element("p", {}, "No runs yet."), element("a", { href: "/run" }, "Plan the first"));
  const spent = runs.reduce((sum, { summary }) => sum + (summary.cost_usd ?? 0), 0);
  const heads = ["Begun", "Status", "Took", "Done", "Made", "Cost"].map((head) => element("th", { scope: "col" }, head));
  return element(
    "div",
    { class: "run-page" },
    element(
      "section",
      { class: "plan history", "aria-label": "Runs" },
      element("h2", { class: "headline" }, countText(runs.length, "run")),
      element("p", { class: "price" }, `${moneyText(spent)} spent`),
      element("table", { class: "stages" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...runs.map(runRow))),
    ),
  );
}

async function start() {
  const main = document.querySelector("main");
  try {
    showSite(await server.fetchProject());
    const draw = async () => main.replaceChildren(historyOf((await server.fetchRuns()).runs));
    await draw();
    server.listenToEvents({ run: draw, reset: draw }, () => {}, () => {});
  } catch (error) {
    main.replaceChildren(element("div", { class: "empty" }, element("p", {}, error.message), element("p", {}, error.help ?? "")));
  }
}

void start();
