// What is known about a run, from the server's events: a pure function of what was known and one event.

const NEWEST = 240;

/** Before anything is known. `phase` is `idle`, `running`, `stopping` or `ended`. */
export const NO_RUN = Object.freeze({
  phase: "idle", run: null, made: 0, total: null, spent: 0, budget: null, summary: "",
  calls: Object.freeze({}), pictures: Object.freeze([]), verdicts: Object.freeze({}), problems: Object.freeze([]),
});

/** The progress after an event `run`, `call`, `picture`, `verdict`, `spend` or `problem`. */
export function progressAfter(progress, name, data) {
  const steps = { run: afterRun, call: afterCall, picture: afterPicture, verdict: afterVerdict, spend: afterSpend, problem: afterProblem };
  return steps[name]?.(progress, data) ?? progress;
}

function afterRun(progress, data) {
  if (data.state === "ended") {
    return { ...progress, phase: "ended", summary: data.summary ?? "", calls: {}, spent: data.spent_usd ?? progress.spent };
  }
  if (data.state === "stopping") return { ...progress, phase: "stopping" };
  const isNew = progress.run !== data.run || progress.phase === "ended" || progress.phase === "idle";
  const begun = isNew ? { ...NO_RUN, run: data.run ?? null } : progress;
  return { ...begun, phase: "running", total: data.total ?? begun.total, budget: data.budget ?? begun.budget };
}

/** Calls that are under way, by take and stage; those that ended leave. */
function afterCall(progress, { stage, take, state, position }) {
  const key = `${take}\n${stage}`;
  const { [key]: _ended, ...others } = progress.calls;
  const isOver = ["done", "failed", "made", "cached", "given_up"].includes(state);
  return { ...asRunning(progress), calls: isOver ? others : { ...others, [key]: { stage, take, state, position } } };
}

function afterPicture(progress, { take, picture, stage }) {
  const others = progress.pictures.filter((one) => one.take !== take);
  const isAgain = others.length < progress.pictures.length;
  const pictures = [{ take, picture, stage }, ...others].slice(0, NEWEST);
  return { ...asRunning(progress), pictures, made: progress.made + (isAgain ? 0 : 1) };
}

function afterVerdict(progress, data) {
  const verdict = data.verdict ?? data;
  return { ...progress, verdicts: { ...progress.verdicts, [data.take]: verdict } };
}

function afterSpend(progress, data) {
  return {
    ...progress, spent: data.spent_usd ?? progress.spent, budget: data.budget_usd ?? progress.budget,
    made: data.made ?? progress.made, total: data.total ?? progress.total,
  };
}

function afterProblem(progress, data) {
  const problem = { take: data.take ?? "", text: data.error ?? data.text ?? String(data.problem ?? ""), help: data.help ?? "" };
  const isKnown = progress.problems.some((one) => one.take === problem.take && one.text === problem.text);
  return isKnown ? progress : { ...progress, problems: [problem, ...progress.problems] };
}

/** A page that was opened in the middle of a run sees it by what happens. */
function asRunning(progress) {
  return progress.phase === "idle" ? { ...progress, phase: "running" } : progress;
}

/** How many calls wait in a queue, and how many are worked on, by stage. */
export function callsByStage(calls) {
  const stages = new Map();
  for (const { stage, state, position } of Object.values(calls)) {
    const found = stages.get(stage) ?? { stage, waiting: 0, working: 0, position: null };
    const isWaiting = ["queued", "waiting", "asked", "in_queue"].includes(state);
    if (isWaiting) found.waiting += 1;
    else found.working += 1;
    if (isWaiting && typeof position === "number") found.position = Math.min(found.position ?? position, position);
    stages.set(stage, found);
  }
  return [...stages.values()];
}
