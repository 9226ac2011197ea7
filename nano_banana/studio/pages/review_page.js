// Starts the review page with the studio's server.

import { element } from "./dom.js";
import { ReviewPage } from "./review.js";
import * as server from "./server_source.js";
import { showSite } from "./site_frame.js";

async function start() {
  const main = document.querySelector("main");
  try {
    const project = await server.fetchProject();
    showSite(project);
    const page = new ReviewPage(server, project, main);
    await page.load();
    followServer(page);
  } catch (error) {
    const again = element("button", { type: "button", class: "main-button", onclick: () => location.reload() }, "Try again");
    const help = error.help || (error instanceof TypeError ? "Is `nano-banana studio` still running?" : "");
    main.replaceChildren(element("div", { class: "empty" }, element("p", {}, error.message), help && element("p", {}, help), again));
  }
}

/** Fetches anew what changed, and saves at once what is not saved when the server is back. */
function followServer(page) {
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => page.refresh().catch(() => {}), 200);
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
