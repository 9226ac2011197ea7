// Decisions that are not saved yet: kept in this browser, sent in batches, merged between windows.
//
// Each take has an entry of its own in localStorage, so that two windows never overwrite each other's decisions about
// other takes. All windows share the queue; one at a time sends it. An entry that clashes waits for a person's choice.

import { plainWord, sameWord } from "./decisions.js";

const BATCH = 200;
const SEND_AFTER = 150;
const LONGEST_WAIT = 5000;

/**
 * The queue of one project. `send(changes)` posts a batch and returns `{picks, clashes}`; it throws while the server
 * is away. Events: `status`; `saved` (`detail.words`); `pending` (`detail.takes`, changed by another window).
 */
export class SaveQueue extends EventTarget {
  constructor(project, send, storage = localStorage) {
    super();
    this.prefix = `nano-banana pick ${project} `;
    this.send = send;
    this.storage = storage;
    this.entries = new Map();
    this.away = "";
    this.wait = SEND_AFTER;
    this.batch = BATCH;
    this.timer = 0;
    this.isKept = true;
    this.channel = new BroadcastChannel(`nano-banana ${project}`);
    this.channel.onmessage = ({ data }) => this.dispatch("saved", { words: data });
    addEventListener("storage", (event) => this.takeOver(event));
    addEventListener("online", () => this.retry());
    this.load();
  }

  /** How many decisions are not saved. */
  get unsaved() {
    return this.entries.size;
  }

  /** The entries that wait for a person to choose: `[{take, word, clash}]`. */
  get clashes() {
    return [...this.entries.values()].filter((entry) => entry.clash);
  }

  /** The entries that the server refused: `[{take, word, refused}]`. */
  get refusals() {
    return [...this.entries.values()].filter((entry) => entry.refused);
  }

  /** The word that is not saved yet, if there is one. */
  wordOf(take) {
    return this.entries.get(take)?.word;
  }

  /** Adds `[{take, stage, word, base}]`; `base` counts only for takes that are not in the queue yet. */
  put(changes) {
    const at = new Date().toISOString();
    for (const { take, stage, word, base } of changes) {
      const earlier = this.entries.get(take);
      this.keep({ take, stage, word, base: earlier?.base ?? plainWord(base), at, clash: earlier?.clash ?? null });
    }
    this.dispatch("pending", { takes: changes.map((change) => change.take) });
    this.schedule(SEND_AFTER);
  }

  /** Settles a clash: by the word of this page, or by the one that is saved. */
  settle(take, isMine) {
    const entry = this.entries.get(take);
    if (!entry?.clash) return;
    if (isMine) this.keep({ ...entry, base: entry.clash, clash: null });
    else this.forget(take);
    this.dispatch("saved", { words: { [take]: entry.clash } });
    this.schedule(0);
  }

  /** Drops an entry that the server refused. */
  giveUp(take) {
    this.forget(take);
    this.dispatch("pending", { takes: [take] });
    this.dispatch("status", {});
  }

  /** Tries at once, say because the server is known to be back. */
  retry() {
    for (const entry of this.refusals) this.keep({ ...entry, refused: "" });
    this.wait = SEND_AFTER;
    this.schedule(0);
  }

  load() {
    for (const key of Object.keys(this.storage)) if (key.startsWith(this.prefix)) this.read(key, this.storage.getItem(key));
    // In the order in which they were decided: the storage has none.
    this.entries = new Map([...this.entries].sort(([, a], [, b]) => (a.at < b.at ? -1 : 1)));
    if (this.entries.size > 0) this.schedule(0);
  }

  read(key, text) {
    try {
      const entry = JSON.parse(text);
      this.entries.set(key.slice(this.prefix.length), { ...entry, refused: "", word: plainWord(entry.word), base: plainWord(entry.base) });
    } catch {
      this.storage.removeItem(key);
    }
  }

  /** Another window wrote or removed an entry. */
  takeOver({ key, newValue, oldValue }) {
    if (!key?.startsWith(this.prefix)) return;
    const take = key.slice(this.prefix.length);
    const own = this.entries.get(take);
    if (newValue === null && own && oldValue && !oldValue.includes(own.at)) this.keep(own); // decided since it was sent
    else if (newValue === null) this.entries.delete(take);
    else this.read(key, newValue);
    this.dispatch("pending", { takes: [take] });
    // The other window sends it; this one would, should the other be closed.
    this.schedule(2 * LONGEST_WAIT);
  }

  keep(entry) {
    this.entries.set(entry.take, entry);
    try {
      this.storage.setItem(this.prefix + entry.take, JSON.stringify(entry));
      this.isKept = true;
    } catch {
      this.isKept = false;
    }
  }

  forget(take) {
    this.entries.delete(take);
    this.storage.removeItem(this.prefix + take);
  }

  schedule(wait) {
    this.dispatch("status", {});
    const due = performance.now() + wait;
    if (this.timer && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.timer = 0;
      void this.flush();
    }, wait);
  }

  /** Sends a batch, if no other window is sending. */
  async flush() {
    const work = async (lock) => (lock ? this.sendBatch() : this.schedule(LONGEST_WAIT));
    if (navigator.locks) await navigator.locks.request(`${this.prefix}send`, { ifAvailable: true }, work);
    else await work(true);
    this.dispatch("status", {});
  }

  async sendBatch() {
    const ready = [...this.entries.values()].filter((entry) => !entry.clash && !entry.refused);
    const batch = ready.slice(0, this.batch);
    if (batch.length === 0) return;
    try {
      const changes = batch.map(({ take, stage, word, base, at }) => ({ take, stage, ...word, base, at }));
      const answer = await this.send(changes);
      this.away = "";
      this.wait = SEND_AFTER;
      this.receive(batch, answer);
      if (ready.length > batch.length || this.isBehind(batch)) this.schedule(0);
    } catch (error) {
      if (this.isRefused(error, batch)) return;
      this.away = error.message;
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      this.schedule(this.wait);
    }
  }

  isBehind(batch) {
    return batch.some(({ take }) => this.entries.has(take) && !this.entries.get(take).clash);
  }

  /** One bad entry must not hold up the others: they are sent one by one until it is found. */
  isRefused(error, batch) {
    const isAnswer = [400, 404, 409, 413, 422].includes(error.status);
    if (!isAnswer) return false;
    if (batch.length === 1) this.keep({ ...batch[0], refused: error.message });
    this.batch = batch.length === 1 ? BATCH : 1;
    this.schedule(0);
    return true;
  }

  receive(batch, { picks, clashes }) {
    const clashing = new Map(clashes.map(({ take, theirs }) => [take, plainWord(theirs)]));
    const words = {};
    for (const sent of batch) {
      const now = this.entries.get(sent.take);
      if (clashing.has(sent.take)) {
        if (now) this.keep({ ...now, clash: clashing.get(sent.take) });
        continue;
      }
      words[sent.take] = plainWord(picks?.[sent.take] ?? sent.word);
      if (now?.at === sent.at && sameWord(now.word, sent.word)) this.forget(sent.take);
      else if (now) this.keep({ ...now, base: sent.word });
    }
    this.channel.postMessage(words);
    this.dispatch("saved", { words });
  }

  dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
