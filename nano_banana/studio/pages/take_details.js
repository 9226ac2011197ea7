// What is known about a take: verdict, tries, prompt, values, and a person's note.

import { element, oncePerFrame } from "./dom.js";
import { moneyText, scoreText, tryText, verdictText } from "./words.js";

/** A panel about the current take. `decide(takes, change)` changes words; `explain(id)` gives how a take was made. */
export class TakeDetails {
  constructor(state, decide, explain) {
    this.state = state;
    this.fetchStory = explain;
    this.decide = decide;
    this.note = element("textarea", { id: "note", rows: "2", maxlength: "2000", placeholder: "Add a note" });
    this.note.addEventListener("change", () => this.keepNote());
    this.facts = element("div", { class: "details-facts" });
    this.tries = element("div", { class: "details-tries" });
    this.head = element("div", { class: "details-head" });
    this.root = element(
      "aside",
      { class: "details", "aria-label": "Details" },
      this.head,
      this.tries,
      element("div", { class: "details-note" }, element("label", { for: "note" }, "Note"), this.note),
      this.facts,
    );
    this.story = element("details", { class: "story" }, element("summary", {}, "How it was made"));
    // A client gallery tells nothing of how its pictures were made.
    this.story.hidden = !explain;
    this.story.addEventListener("toggle", () => this.story.open && this.explain());
    this.root.append(this.story);
    this.draw = oncePerFrame(() => this.render());
    for (const name of ["current", "list", "words", "view"]) state.addEventListener(name, this.draw);
  }

  /** Keeps a note that was typed for the take it was typed at, also if that is left meanwhile. */
  keepNote() {
    const take = this.state.byId.get(this.noted);
    if (take) this.decide([take], () => ({ note: this.note.value.trim() }));
  }

  render() {
    const { take } = this.state;
    if (this.root.hidden || !take) return;
    const word = this.state.decisions.wordOf(take.id);
    const isTyping = document.activeElement === this.note && this.noted === take.id;
    if (!isTyping && this.note.value !== word.note) this.note.value = word.note;
    this.noted = take.id;
    const key = JSON.stringify([take.id, this.state.attemptOf(take), take.picture?.digest, take.state]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.story.open = false;
    this.story.replaceChildren(this.story.firstElementChild);
    this.head.replaceChildren(...this.headOf(take));
    this.tries.replaceChildren(...this.triesOf(take));
    this.facts.replaceChildren(...this.factsOf(take));
  }

  /** Tells how the take was made; of the next one when it is asked for again. */
  async explain() {
    const { take } = this.state;
    const blocks = await this.fetchStory(take.id).catch((error) => [{ title: "", text: error.message }]);
    if (this.state.take !== take || !this.story.open) return;
    const told = blocks.map(({ title, text }) => [title && element("h3", {}, title), element("p", { class: "story-text" }, text)]);
    this.story.replaceChildren(this.story.firstElementChild, ...told.flat().filter(Boolean));
  }

  headOf(take) {
    const attempt = take.tries?.[this.state.attemptOf(take)];
    const shown = attempt ? { state: attempt.verdict?.ruling ?? take.state, verdict: attempt.verdict } : take;
    const reasons = shown.verdict?.reasons ?? [];
    return [
      element("h2", {}, take.id),
      element("p", { class: "details-verdict", "data-state": shown.state }, element("span", { class: "tile-verdict" }), verdictText(shown)),
      ...reasons.map((reason) => element("p", { class: "quiet" }, reason)),
      ...(take.problems ?? []).map((problem) => element("p", { class: "problem" }, problem)),
    ];
  }

  triesOf(take) {
    const tries = take.tries ?? [];
    if (tries.length < 2) return [];
    const group = element("div", { class: "tries", role: "group", "aria-label": "Tries" });
    tries.forEach((attempt, at) => {
      const score = typeof attempt.verdict?.score === "number" ? scoreText(attempt.verdict.score) : "";
      group.append(
        element(
          "button",
          {
            type: "button",
            class: "try",
            "aria-pressed": String(at === this.state.attemptOf(take)),
            "data-state": attempt.verdict?.ruling,
            onclick: () => this.state.stepTry(at - this.state.attemptOf(take)),
          },
          element("span", {}, tryText(attempt)),
          element("span", { class: "try-score" }, score),
          attempt.stands && element("span", { class: "try-stands" }, "stands"),
        ),
      );
    });
    return [element("h3", {}, "Tries"), group];
  }

  factsOf(take) {
    const attempt = take.tries?.[this.state.attemptOf(take)];
    const list = element("dl", {});
    const facts = [
      ...(take.subjects.length > 0 ? [["People", take.subjects.join(", ")]] : []),
      ...Object.entries(take.axes).filter(([name]) => name !== "subject"),
      ["Seed", attempt?.seed ?? take.seed ?? "–"],
      ["Stage", take.stage],
      ...(take.picture?.width ? [["Size", `${take.picture.width} × ${take.picture.height}`]] : []),
      ...(typeof take.cost_usd === "number" ? [["Cost", moneyText(take.cost_usd)]] : []),
      ...(take.file ? [["File", take.file]] : []),
    ];
    for (const [name, value] of facts) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, String(value))));
    const prompt = take.prompt ? [element("h3", {}, "Prompt"), element("p", { class: "prompt" }, take.prompt)] : [];
    return [...prompt, element("h3", {}, "About"), list];
  }
}
