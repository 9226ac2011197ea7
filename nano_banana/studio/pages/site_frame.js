// The frame of every page: the project's name and the way to the other pages.

import { element } from "./dom.js";

const PAGES = [["/", "Review"], ["/run", "Run"], ["/history", "History"]];

/** Fills the page's header; the page that is open is marked. */
export function showSite(project) {
  const here = location.pathname;
  const links = PAGES.map(([path, label]) => element("a", { href: path, "aria-current": path === here && "page" }, label));
  document.title = `${project.name} – Nano Banana`;
  document.querySelector(".site").replaceChildren(
    element("h1", { title: project.recipe }, project.name),
    element("nav", { "aria-label": "Pages" }, ...links),
  );
}
