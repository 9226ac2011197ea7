// What a page asks of the studio's server. A client gallery has another source with the same functions.

/** The server said no: `help` says what to do, `status` is HTTP's. */
export class ServerError extends Error {
  constructor(message, help, status, body) {
    super(message);
    this.help = help;
    this.status = status;
    this.body = body;
  }
}

async function request(path, options = {}) {
  const answer = await fetch(path, { ...options, credentials: "same-origin", cache: "no-store" });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const message = body.error ?? body.reason ?? `The server answered with status ${answer.status}.`;
    throw new ServerError(message, body.help ?? "", answer.status, body);
  }
  return body;
}

function post(path, body) {
  return request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** A take's id as a part of an address. */
function takePath(take) {
  return take.split("/").map(encodeURIComponent).join("/");
}

/** The name, stages, people and axes of the project. */
export const fetchProject = () => request("/api/project");

/** All takes in the recipe's order, with a revision. */
export const fetchTakes = () => request("/api/takes");

/** The saved decisions by take. */
export const fetchPicks = () => request("/api/picks");

/** Writes decisions; returns `{picks, clashes}`. */
export const savePicks = (changes) => post("/api/picks", { changes });

/** The faces of a take beside its people's photos, as a list by person: `[{name, face, references}]`. */
export async function fetchFaces(take) {
  const found = await request(`/api/faces/${takePath(take)}`);
  const people = found.subjects ?? found.faces ?? [found];
  return people.map((one) => ({ name: one.name ?? one.subject ?? "", face: one.face ?? null, references: one.references ?? [] }));
}

/** What a run would make and cost. */
export const fetchPlan = () => request("/api/plan");

/** The runs there were, and the one that is under way (`current`, or null). */
export const fetchRuns = () => request("/api/runs");

/** How a take was made, as blocks of text: `[{title, text}]`. */
export const fetchExplanation = async (take) => (await request(`/api/explain/${takePath(take)}`)).blocks;

/** Begins a run; `confirmed` says that the price was shown and accepted, `price` is the highest that was shown. */
export const startRun = (budget, confirmed, price) => post("/api/run", { budget, confirmed, price });

/** Ends the run, as one Ctrl-C does. */
export const stopRun = () => post("/api/run/stop", {});

/** Where a thumbnail of a picture is, at most `side` pixels long: one of the sizes that the server keeps. */
export function thumbUrl(picture, side) {
  const kept = [160, 320, 640, 1280].find((size) => size >= side) ?? 1280;
  return `/thumb/${kept}/${picture.digest}`;
}

/** Where the picture itself is. */
export const pictureUrl = (picture) => `/picture/${picture.digest}`;

/** Where the cut-out face of a picture is. */
export const faceUrl = (picture) => `/face/${picture.digest}`;

/** Listens to the server's events by name: `{changed: (data) => …}`. Returns the EventSource. */
export function listenToEvents(handlers, onOpen, onError) {
  const events = new EventSource("/api/events");
  for (const [name, handler] of Object.entries(handlers)) {
    events.addEventListener(name, (event) => handler(JSON.parse(event.data)));
  }
  events.addEventListener("open", onOpen);
  events.addEventListener("error", onError);
  return events;
}
