// Starts the review page with the studio's server.

import { element } from "./dom.js";
import { ReviewPage } from "./review.js";
import * as server from "./server_source.js";
import { showSite } from "./site_frame.js";

async function start() {
  const main = document.querySelector("main");
  try {
    const [project, takes, picks] = [server.fetchProject(), server.fetchTakes(), server.fetchPicks()];
    const asked = Promise.all([project, takes, picks]);
    asked.catch(() => {});
    showSite(await project);
    const page = new ReviewPage(server, await project, main);
    page.show(...(await asked).slice(1));
    followServer(page);
  } catch (error) {
    document.querySelector(".decision-bar")?.remove();
    const again = element("button", { type: "button", class: "main-button", onclick: () => location.reload() }, "Try again");
    const help = error.help || (error instanceof TypeError ? "Is `nano-banana studio` still running?" : "");
    main.replaceChildren(element("div", { class: "empty" }, element("p", {}, error.message), help && element("p", {}, help), again));
  }
}

/** Fetches anew what changed, and saves at once what is not saved when the server is back. */
function followServer(page) {
  let timer = 0;
  let revision = "";
  const soon = (data) => {
    revision = data?.revision ?? "";
    if (timer) return;
    // While a run goes on, much changes: a long list is fetched now and then only.
    const wait = page.state.takes.length > 2000 ? 3000 : 200;
    timer = setTimeout(() => {
      timer = 0;
      page.refresh(revision).catch(() => {});
    }, wait);
  };
  let wasAway = false;
  server.listenToEvents(
    { changed: soon, reset: soon },
    () => {
      if (!wasAway) return;
      wasAway = false;
      page.queue.retry();
      soon();
    },
    () => {
      wasAway = true;
    },
  );
}

void start();
