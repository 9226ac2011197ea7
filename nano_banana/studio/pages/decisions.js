// Decisions about takes: the word of each, and undo without limit. Nothing here waits for a server.

/** What is said about a take that nobody decided. */
export const NO_WORD = Object.freeze({ decision: null, stars: 0, note: "" });

/** Whether two words are the same. */
export function sameWord(a, b) {
  return a.decision === b.decision && a.stars === b.stars && a.note === b.note;
}

/** A word with nothing but its three parts. */
export function plainWord({ decision = null, stars = 0, note = "" }) {
  return { decision: decision ?? null, stars: stars ?? 0, note: note ?? "" };
}

/**
 * The words of all takes, with a history. The queue holds what is not saved yet; `saved` is the server's last word.
 * Dispatches `change` with `detail.takes`, an array of ids.
 */
export class Decisions extends EventTarget {
  constructor(queue) {
    super();
    this.queue = queue;
    this.saved = new Map();
    this.past = [];
    this.future = [];
    queue.addEventListener("saved", ({ detail }) => this.setSaved(detail.words, true));
    queue.addEventListener("pending", ({ detail }) => this.announce(detail.takes));
  }

  /** The word of a take: what is decided here, else what is saved. */
  wordOf(take) {
    return this.queue.wordOf(take) ?? this.saved.get(take) ?? NO_WORD;
  }

  /** Takes over the server's words, `{take: word}`: all of them, or only those given if `partly`. */
  setSaved(words, partly = false) {
    const before = this.saved;
    if (!partly) this.saved = new Map();
    for (const [take, word] of Object.entries(words)) this.saved.set(take, plainWord(word));
    this.announce([...new Set([...before.keys(), ...Object.keys(words)])]);
  }

  /**
   * Changes the words of takes (`{id, pick_stage}`) by `change(word)`. It is one step for undo; `focus` is the take to
   * go back to. Returns how many words are different now.
   */
  change(takes, change, focus = null) {
    const step = [];
    for (const take of takes) {
      const before = this.wordOf(take.id);
      const after = plainWord({ ...before, ...change(before) });
      if (!sameWord(before, after)) step.push({ take: take.id, stage: take.pick_stage, before, after });
    }
    if (step.length > 0) {
      this.past.push({ step, focus });
      this.future = [];
      this.put(step.map(({ take, stage, after }) => ({ take, stage, word: after })));
    }
    return step.length;
  }

  /** Takes the last step back; returns it, or null if there is none. */
  undo() {
    const last = this.past.pop();
    if (!last) return null;
    this.future.push(last);
    this.put(last.step.map(({ take, stage, before }) => ({ take, stage, word: before })));
    return last;
  }

  /** Does the last undone step again; returns it, or null if there is none. */
  redo() {
    const next = this.future.pop();
    if (!next) return null;
    this.past.push(next);
    this.put(next.step.map(({ take, stage, after }) => ({ take, stage, word: after })));
    return next;
  }

  put(changes) {
    this.queue.put(changes.map((change) => ({ ...change, base: this.saved.get(change.take) ?? NO_WORD })));
  }

  announce(takes) {
    this.dispatchEvent(new CustomEvent("change", { detail: { takes } }));
  }
}
