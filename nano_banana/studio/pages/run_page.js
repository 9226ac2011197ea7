// Starts the run page: the plan, the button, and the run as it happens.

import { confirmDialog } from "./dialogs.js";
import { element } from "./dom.js";
import { PlanView } from "./plan_view.js";
import { isUnderWay, NO_RUN, progressAfter } from "./run_progress.js";
import { RunView } from "./run_view.js";
import * as server from "./server_source.js";
import { showSite } from "./site_frame.js";
import { moneyText, priceRangeText } from "./words.js";

const EVENTS = ["run", "call", "picture", "verdict", "spend", "problem"];

class RunPage {
  constructor(project, main) {
    this.project = project;
    this.progress = NO_RUN;
    this.plan = new PlanView((budget) => this.start(budget));
    this.run = new RunView(server.thumbUrl, () => this.stop());
    this.error = element("p", { class: "problem run-error", role: "alert", hidden: true });
    main.replaceChildren(element("div", { class: "run-page" }, this.error, this.run.root, this.plan.root));
  }

  /** Fetches the plan, and what is known of a run that is under way; listens to what happens. */
  async load() {
    const handlers = Object.fromEntries(EVENTS.map((name) => [name, (data) => this.receive(name, data)]));
    server.listenToEvents({ ...handlers, changed: () => this.planSoon(), reset: () => this.catchUp() }, () => {}, () => {});
    await Promise.all([this.loadRuns(), this.loadPlan()]);
  }

  async loadRuns() {
    const { current, is_ours: isOurs } = await server.fetchRuns();
    if (current) this.receive("run", { phase: "started", by: isOurs ? "studio" : "elsewhere", run: current.run });
  }

  /** The studio was started again: what was said meanwhile is lost, so a run may have ended unheard. */
  async catchUp() {
    const { current, is_ours: isOurs } = await server.fetchRuns();
    if (this.isRunning && !current && !isOurs) this.receive("run", { phase: "ended" });
    else await this.loadRuns();
    this.planSoon();
  }

  async loadPlan() {
    try {
      this.offer = await server.fetchPlan();
      this.plan.show(this.offer);
    } catch (error) {
      this.plan.showError(error);
    }
  }

  planSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.isRunning || this.loadPlan(), 300);
  }

  get isRunning() {
    return isUnderWay(this.progress);
  }

  receive(name, data) {
    const wasRunning = this.isRunning;
    this.progress = progressAfter(this.progress, name, data);
    this.plan.root.hidden = this.isRunning;
    this.run.show(this.progress);
    if (wasRunning && !this.isRunning) void this.loadPlan();
  }

  async start(budget) {
    const { asks, cost_low: low, cost_high: high } = this.offer;
    const limit = this.project.ask_above_usd;
    const text = [`This run costs ${priceRangeText(low, high)}.`, typeof limit === "number" ? `You are asked above ${moneyText(limit)}.` : ""];
    const most = typeof budget === "number" && budget < (high ?? Infinity) ? budget : high;
    const yes = typeof most === "number" ? `Spend up to ${moneyText(most)}` : "Start at an unknown price";
    if (asks && !(await confirmDialog("Start the run?", text.filter(Boolean), yes))) return;
    await this.tell(() => this.request(budget, Boolean(asks), high ?? null));
  }

  /** Another run, or a price that has risen meanwhile, is the server's to know. */
  async request(budget, isConfirmed, price) {
    try {
      await server.startRun(budget, isConfirmed, price);
    } catch (error) {
      const isPrice = error.status === 409 && error.body?.confirm;
      if (!isPrice || !(await confirmDialog("Start the run?", [error.message], "Start"))) throw error;
      await server.startRun(budget, true, null);
    }
    const total = this.offer.pictures_to_make || null;
    this.receive("run", { phase: "started", by: "studio", total, budget: budget ?? this.offer.budget });
  }

  async stop() {
    await this.tell(() => server.stopRun());
    if (this.progress.phase === "running") this.receive("run", { phase: "stopping" });
  }

  /** Does something; says why, if it can't be done. */
  async tell(work) {
    try {
      this.error.hidden = true;
      await work();
    } catch (error) {
      this.error.replaceChildren(error.message, error.help ? ` – ${error.help}` : "");
      this.error.hidden = false;
    }
  }
}

async function start() {
  const main = document.querySelector("main");
  try {
    const project = await server.fetchProject();
    showSite(project);
    await new RunPage(project, main).load();
  } catch (error) {
    main.replaceChildren(element("div", { class: "empty" }, element("p", {}, error.message), element("p", {}, error.help ?? "")));
  }
}

void start();
