"use strict";
(() => {
  const $ = (name) => document.getElementById(name);
  const takes = [...document.querySelectorAll(".take")];
  const parts = [...document.querySelectorAll("section")].map((section) => ({
    section, rows: [...section.querySelectorAll("tbody tr")],
  }));
  const panel = $("panel"), help = $("help"), form = $("tools"), count = $("count");
  let known = null;
  let open = -1;

  // The data is large and nobody needs it before the first look.
  const data = () => (known ??= JSON.parse($("data").textContent));
  const made = (tag, text = "", kind = "") => {
    const element = document.createElement(tag);
    if (text !== "") element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };
  const add = (parent, ...children) => (parent.append(...children), parent);
  const visible = () => takes.filter((take) => !take.hidden);

  // --- filters ---

  const haystacks = [];
  const hay = (at) => (haystacks[at] ??= JSON.stringify([data().takes[at], data().takes[at].calls.map((call) => call.prompt)]).toLowerCase());

  const filter = () => {
    const wanted = new FormData(form);
    const states = new Set(wanted.getAll("state"));
    const axes = [...form.querySelectorAll("select[data-axis]")].filter((select) => select.value);
    const words = String(wanted.get("text") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const low = Number.parseFloat(wanted.get("low")), high = Number.parseFloat(wanted.get("high"));
    const changed = wanted.has("changed");
    const search = axes.length || words.length || changed || !Number.isNaN(low) || !Number.isNaN(high);
    let left = 0;
    takes.forEach((take, at) => {
      let fits = states.has(take.dataset.state);
      if (fits && search) {
        const told = data().takes[at];
        fits = axes.every((select) => told.values[select.dataset.axis] === select.value)
          && words.every((word) => hay(at).includes(word))
          && (!changed || Boolean(told.before && told.before.differs))
          && (Number.isNaN(low) || (told.score !== null && told.score >= low))
          && (Number.isNaN(high) || (told.score !== null && told.score <= high));
      }
      take.hidden = !fits;
      left += fits;
    });
    for (const { section, rows } of parts) {
      let any = false;
      for (const row of rows) {
        const some = row.querySelector(".take:not([hidden])") !== null;
        row.hidden = !some;
        any ||= some;
      }
      section.hidden = !any;
    }
    $("empty").hidden = left > 0;
    count.textContent = left === takes.length ? `${left} takes` : `${left} of ${takes.length} takes`;
    const first = visible()[0];
    if (first && !takes.some((take) => take.tabIndex === 0 && !take.hidden)) rove(first, false);
  };

  // --- the grid by keyboard: one stop for Tab, arrows inside ---

  const rove = (take, focus = true) => {
    for (const other of takes) if (other.tabIndex === 0) other.tabIndex = -1;
    take.tabIndex = 0;
    if (focus) take.focus();
  };

  const beside = (from, step) => {
    const all = visible();
    return all[all.indexOf(from) + step];
  };

  const beyond = (from, down) => {
    const all = visible(), here = from.getBoundingClientRect();
    const middle = here.left + here.width / 2;
    const line = [];
    for (let at = all.indexOf(from) + down; at >= 0 && at < all.length; at += down) {
      const box = all[at].getBoundingClientRect();
      if (down > 0 ? box.top < here.bottom - 1 : box.bottom > here.top + 1) continue;
      if (line.length && (down > 0 ? box.top >= line[0].box.bottom - 1 : box.bottom <= line[0].box.top + 1)) break;
      line.push({ take: all[at], box });
    }
    const far = ({ box }) => Math.abs(box.left + box.width / 2 - middle);
    return line.sort((one, other) => far(one) - far(other))[0]?.take;
  };

  const ends = (from, last) => {
    const row = [...(from.closest("tr") ?? document).querySelectorAll(".take:not([hidden])")];
    return last ? row.at(-1) : row[0];
  };

  const moves = {
    ArrowLeft: (take) => beside(take, -1),
    ArrowRight: (take) => beside(take, 1),
    ArrowUp: (take) => beyond(take, -1),
    ArrowDown: (take) => beyond(take, 1),
    Home: (take) => ends(take, false),
    End: (take) => ends(take, true),
  };

  // --- the panel ---

  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = add(made("textarea", text, "visually-hidden"));
      panel.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  };

  const heading = (text, copied) => {
    const line = made("h3", text);
    if (copied) {
      const button = made("button", "copy", "plain");
      button.type = "button";
      button.setAttribute("aria-label", `copy ${text}`);
      button.addEventListener("click", () => copy(copied, button));
      line.append(button);
    }
    return line;
  };

  const list = (pairs) => {
    const found = made("dl");
    for (const [name, value, kind] of pairs) {
      if (value !== null && value !== undefined && value !== "") add(found, made("dt", name), made("dd", String(value), kind));
    }
    return found;
  };

  const usd = (cost) => (cost === null ? "unknown" : `$${cost.toFixed(cost && cost < 0.1 ? 4 : 2)}`);
  const url = (path) => data().folder + path.split("/").map(encodeURIComponent).join("/");

  const picture = (told, at) => {
    const view = $("view");
    view.replaceChildren();
    zoom(0);
    const small = takes[at].querySelector(".new img"), old = takes[at].querySelector(".old img");
    if (!small && !old) return view.append(made("p", told.said));
    const full = made("img");
    full.alt = `${told.id}, as it is now`;
    const note = made("p", "", "");
    note.hidden = true;
    const miss = () => {
      full.removeEventListener("error", miss);
      if (small) full.src = small.src;
      note.textContent = told.path ? "a small copy: the picture is not beside this page" : "a small copy";
      note.hidden = false;
    };
    full.addEventListener("error", miss);
    if (told.here && told.path) full.src = url(told.path);
    else miss();
    const room = made("div", "", "room");
    if (!old) return view.append(add(room, full), note);
    const before = made("img"), stack = made("div", "", "stack"), slide = made("input", "", "slide");
    before.src = old.src;
    before.alt = `${told.id}, as it was in ${data().against}`;
    Object.assign(slide, { type: "range", min: 0, max: 100, value: 50 });
    slide.setAttribute("aria-label", `from ${data().against} (left) to now (right)`);
    const cut = () => { before.style.clipPath = `inset(0 ${100 - slide.value}% 0 0)`; };
    slide.addEventListener("input", cut);
    cut();
    return view.append(add(room, add(stack, full, before)), made("span", "before", "tag left"), made("span", "now", "tag right"), slide, note);
  };

  // In the panel, in the whole window, and twice that (or the picture's own pixels, where those are more).
  const ZOOMS = ["", "window", "large"];
  let zoomed = 0;
  const zoom = (to, event) => {
    const room = $("view").querySelector(".room"), shown = room?.firstElementChild, whole = room?.querySelector("img");
    if (shown) shown.style.width = shown.style.height = "";
    zoomed = shown ? to % ZOOMS.length : 0;
    panel.className = ZOOMS[zoomed];
    if (zoomed < 2) return;
    const wide = room.clientWidth, high = room.clientHeight;
    const fits = Math.min(wide / whole.naturalWidth, high / whole.naturalHeight) || 1;
    const scale = Math.max(2 * fits, 1);
    shown.style.width = `${Math.round(whole.naturalWidth * scale)}px`;
    shown.style.height = `${Math.round(whole.naturalHeight * scale)}px`;
    // What was pointed at stays in the middle; by key it is the upper part, where faces are.
    const box = room.getBoundingClientRect();
    const at = event ? { x: (event.clientX - box.left) / wide, y: (event.clientY - box.top) / high } : { x: 0.5, y: 0.35 };
    room.scrollLeft = at.x * room.scrollWidth - wide / 2;
    room.scrollTop = at.y * room.scrollHeight - high / 2;
  };

  const calls = (told, facts) => {
    for (const call of told.calls) {
      const { stage, provider, endpoint, place, args } = data().shared[call.of];
      const given = { ...args, ...(call.prompt ? { prompt: call.prompt } : {}), ...(call.seed === null ? {} : { seed: call.seed }) };
      add(facts, heading(call.attempt ? `${stage}, ${call.attempt}` : stage, call.prompt || ""));
      if (call.prompt) facts.append(made("blockquote", call.prompt));
      facts.append(list([
        ["endpoint", `${endpoint} (${provider})`], ["seed", call.seed], ["cost", usd(call.cost)], ["from", call.from.join(", ")],
        ["written in", place],
      ]));
      const more = made("details"), text = JSON.stringify(given, null, 2);
      add(more, made("summary", "arguments"), made("pre", text), heading("arguments", text));
      facts.append(more);
    }
  };

  const show = (at) => {
    const told = data().takes[at], facts = $("facts");
    open = at;
    $("name").textContent = told.id;
    picture(told, at);
    facts.replaceChildren();
    facts.className = `facts ${told.state}`;
    facts.scrollTop = 0;
    const values = Object.entries(told.values).map(([axis, value]) => [axis, value]);
    facts.append(list([
      ["verdict", told.said, "tone"], ["why", told.why], ["likeness", told.score === null ? "" : told.score.toFixed(4)],
      ["needed", told.needs === null ? "" : told.needs.toFixed(4)], ["judged by", told.gate], ...values,
      ["seed", told.seed], ["tries", told.attempts], ["cost", usd(told.cost)], ["written in", told.place], ["prompt in", told.prompt_place],
    ]));
    if (told.before) {
      const was = told.before;
      add(facts, heading(`in ${data().against}`), list([
        ["verdict", was.said], ["likeness", was.score === null ? "" : was.score.toFixed(4)], ["seed", was.seed],
        ["cost", usd(was.cost)], ["picture", was.gone ? "file deleted" : was.differs ? "different" : "the same"],
      ]));
      for (const [what, old, now] of was.changes) add(facts, made("h4", what), list([["was", old], ["is", now]]));
    }
    calls(told, facts);
    if (told.tries.length) {
      facts.append(heading("tries"));
      facts.append(add(made("ol"), ...told.tries.map((line) => made("li", line))));
    }
    if (told.pictures.length) {
      facts.append(heading("pictures by stage"));
      facts.append(add(made("ol"), ...told.pictures.map(([stage, path, digest]) => {
        const item = made("li", `${stage}: `), link = made("a", path);
        link.href = url(path);
        return add(item, link, " ", made("code", digest.slice(0, 12)));
      })));
    }
    if (told.path) add(facts, heading("file", told.path), made("code", told.path));
    if (told.digest) add(facts, heading("digest (SHA-256)", told.digest), made("code", told.digest));
    if (!panel.open) panel.showModal();
  };

  const turn = (step) => {
    const next = beside(takes[open], step);
    if (!next) return;
    rove(next, false);
    show(takes.indexOf(next));
  };

  // --- what people do ---

  document.querySelector("main").addEventListener("click", (event) => {
    const take = event.target.closest(".take");
    if (take) { rove(take, false); show(takes.indexOf(take)); }
  });
  panel.addEventListener("close", () => takes[open]?.focus());
  $("view").addEventListener("click", (event) => { if (event.target.tagName === "IMG") zoom(zoomed + 1, event); });
  for (const [name, act] of [["previous", () => turn(-1)], ["next", () => turn(1)], ["close", () => panel.close()],
    ["help-open", () => help.showModal()], ["help-close", () => help.close()]]) $(name).addEventListener("click", act);
  form.addEventListener("input", (event) => {
    if (event.target.name === "size") document.documentElement.style.setProperty("--size", `${event.target.value}rem`);
    else if (event.target.name === "view") document.body.dataset.view = event.target.value;
    else filter();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { document.documentElement.style.removeProperty("--size"); filter(); }));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const typing = event.target.matches("input:not([type=checkbox], [type=radio]), select, textarea");
    if (typing) {
      if (event.key === "Escape" && event.target.name === "text" && !event.target.value) takes.find((take) => take.tabIndex === 0)?.focus();
      return;
    }
    if (panel.open) {
      if (event.key === "ArrowLeft") turn(-1);
      else if (event.key === "ArrowRight") turn(1);
      else if (event.key === "z") zoom(zoomed + 1);
      else return;
      event.preventDefault();
      return;
    }
    const take = event.target.closest?.(".take");
    if (take && moves[event.key]) {
      const next = moves[event.key](take);
      if (next) rove(next);
    } else if (event.target === document.body && event.key.startsWith("Arrow")) {
      takes.find((other) => other.tabIndex === 0 && !other.hidden)?.focus();
    } else if (event.key === "/") form.elements.text.focus();
    else if (event.key === "?") help.showModal();
    else return;
    event.preventDefault();
  });

  if (matchMedia("(max-width: 44rem)").matches) $("more").open = false;
  if (takes.length) rove(takes[0], false);
  filter();
})();
