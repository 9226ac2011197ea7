// What is known about a run, from the server's events: a pure function of what was known and one event.

const NEWEST = 240;

/** Before anything is known. `phase` is `idle`, `running`, `stopping` or `ended`; `stages` counts calls by stage. */
export const NO_RUN = Object.freeze({
  phase: "idle", run: null, isOurs: false, made: 0, total: null, spent: 0, unknown: 0, budget: null, end: null,
  stages: Object.freeze({}), calls: Object.freeze({}), pictures: Object.freeze([]), verdicts: Object.freeze({}), problems: Object.freeze([]),
});

const NO_CALLS = Object.freeze({ planned: 0, cached: 0, made: 0, failed: 0 });

/** The progress after an event `run`, `call`, `picture`, `verdict`, `spend` or `problem`. */
export function progressAfter(progress, name, data) {
  const steps = { run: afterRun, call: afterCall, picture: afterPicture, verdict: afterVerdict, spend: afterSpend, problem: afterProblem };
  return steps[name]?.(progress, data) ?? progress;
}

/** A run that is known already gets its number later: calls are counted from its first event on. */
function afterRun(progress, data) {
  if (data.phase === "ended") return { ...progress, phase: "ended", end: data, calls: {}, spent: data.cost_usd ?? progress.spent };
  if (data.phase === "stopping") return { ...progress, phase: "stopping" };
  const run = data.run ?? progress.run;
  const isSame = isUnderWay(progress) && (progress.run === null || run === progress.run);
  const begun = isSame ? progress : { ...NO_RUN, problems: progress.phase === "ended" ? [] : progress.problems };
  const phase = begun.phase === "stopping" ? "stopping" : "running";
  return { ...begun, phase, run, isOurs: data.by !== "elsewhere", total: data.total ?? begun.total, budget: data.budget ?? begun.budget };
}

/** Whether a run goes on. */
export function isUnderWay({ phase }) {
  return phase === "running" || phase === "stopping";
}

/** Counts a stage's calls, and keeps those that are under way by take and stage. */
function afterCall(progress, { stage, take, state, phase, position, count = 1 }) {
  const now = isUnderWay(progress) ? progress : { ...NO_RUN, phase: "running" };
  if (Object.hasOwn(NO_CALLS, state)) {
    const counts = now.stages[stage] ?? NO_CALLS;
    const { [`${take}\n${stage}`]: _over, ...calls } = now.calls;
    return { ...now, calls, stages: { ...now.stages, [stage]: { ...counts, [state]: counts[state] + count } } };
  }
  if (state !== "running" && state !== "progress") return now;
  const call = { ...now.calls[`${take}\n${stage}`], stage, phase, position };
  return { ...now, calls: { ...now.calls, [`${take}\n${stage}`]: call } };
}

function afterPicture(progress, { take, picture, stage }) {
  const others = progress.pictures.filter((one) => one.take !== take);
  const isAgain = others.length < progress.pictures.length;
  const pictures = [{ take, picture, stage }, ...others].slice(0, NEWEST);
  return { ...progress, pictures, made: progress.made + (isAgain ? 0 : 1) };
}

function afterVerdict(progress, { take, verdict }) {
  return { ...progress, verdicts: { ...progress.verdicts, [take]: verdict } };
}

function afterSpend(progress, { usd, unknown = 0 }) {
  return { ...progress, spent: usd, unknown };
}

function afterProblem(progress, { take = "", text, help = "", warning = false }) {
  const isKnown = progress.problems.some((one) => one.take === take && one.text === text);
  return isKnown ? progress : { ...progress, problems: [{ take, text, help, warning }, ...progress.problems] };
}

/** Each stage with its calls: planned, finished, failed, under way, waiting, and the first place in a queue. */
export function stageProgress({ stages, calls }) {
  const found = new Map(Object.entries(stages).map(([stage, counts]) => [stage, stageEntry(stage, counts)]));
  for (const { stage, phase, position } of Object.values(calls)) {
    if (!found.has(stage)) found.set(stage, stageEntry(stage, NO_CALLS));
    const entry = found.get(stage);
    const isWaiting = String(phase).toLowerCase() === "queued";
    entry[isWaiting ? "waiting" : "working"] += 1;
    if (isWaiting && typeof position === "number") entry.position = Math.min(entry.position ?? position, position);
  }
  return [...found.values()];
}

function stageEntry(stage, { planned, cached, made, failed }) {
  return { stage, planned: Math.max(planned, cached + made), finished: cached + made, failed, working: 0, waiting: 0, position: null };
}
