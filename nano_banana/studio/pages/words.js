// How takes, verdicts, tries and amounts are said to people.

export const STATES = {
  accepted: "Accepted",
  unsure: "Unsure",
  rejected: "Rejected",
  not_judged: "Not judged",
  done: "Made",
  failed: "Failed",
  missing: "Not made yet",
};

export const DECISIONS = { keep: "Kept", drop: "Dropped" };

const TRIES = { first: "First try", retry: "Retry", repair: "Repair" };

/** `0.71`, or `–` if there is no score. */
export function scoreText(score) {
  return typeof score === "number" ? score.toFixed(2) : "–";
}

/** `$0.79`; more digits for amounts below a cent. */
export function moneyText(amount) {
  if (typeof amount !== "number") return "unknown";
  return `$${amount.toFixed(amount > 0 && amount < 0.01 ? 4 : 2)}`;
}

/** `$0.79`, or `$0.79–0.92` for a range. */
export function priceRangeText(low, high) {
  if (typeof low !== "number" || typeof high !== "number") return "unknown price";
  const [from, to] = [moneyText(low), moneyText(high)];
  return from === to ? from : `${from}–${to.slice(1)}`;
}

/** `1 take`, `12 takes`. */
export function countText(count, noun, plural = `${noun}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}

/** How runs end. */
export const RUN_ENDS = { done: "Done", running: "Under way", failed: "Incomplete", stopped: "Stopped", lost: "Lost", broken: "Broke off" };

/** `38 of 40 pictures`: `takes` is a count with `pictures` done, or counts by status; null if it isn't known. */
export function takesText({ takes, pictures }) {
  if (typeof takes === "number") return `${pictures} of ${countText(takes, "picture")}`;
  if (!takes) return null;
  const total = Object.values(takes).reduce((sum, count) => sum + count, 0);
  return `${takes.done ?? 0} of ${countText(total, "picture")}`;
}

/** `Retry 2` for one try of a take. */
export function tryText(attempt) {
  if (attempt.kind === "first") return TRIES.first;
  return `${TRIES[attempt.kind] ?? attempt.kind} ${attempt.number}`;
}

/** A take's verdict as one line: `Unsure · likeness 0.48 of 0.55`. */
export function verdictText(take) {
  const parts = [STATES[take.state] ?? take.state];
  if (take.verdict && typeof take.verdict.score === "number") {
    const needs = typeof take.verdict.threshold === "number" ? ` (needs ${scoreText(take.verdict.threshold)})` : "";
    parts.push(`likeness ${scoreText(take.verdict.score)}${needs}`);
  }
  return parts.join(" · ");
}

/** What a screen reader says about a take. */
export function takeLabel(take, word, groupSize = 1) {
  const parts = [take.id, STATES[take.state] ?? take.state];
  if (take.verdict && typeof take.verdict.score === "number") parts.push(`likeness ${scoreText(take.verdict.score)}`);
  parts.push(DECISIONS[word.decision] ?? "undecided");
  if (word.stars) parts.push(countText(word.stars, "star"));
  if (word.note) parts.push("has a note");
  if (groupSize > 1) parts.push(`first of ${groupSize} near-identical takes`);
  return parts.join(", ");
}

/** A decision with its stars and note as one phrase: `Kept, 3 stars, “smile”`. */
export function wordText(word) {
  const parts = [DECISIONS[word.decision] ?? "Undecided"];
  if (word.stars) parts.push(countText(word.stars, "star"));
  if (word.note) parts.push(`“${word.note}”`);
  return parts.join(", ");
}
