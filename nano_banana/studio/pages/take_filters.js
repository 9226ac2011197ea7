// Which takes are shown: pure functions of takes, decisions and the filter that is set.

/** A filter that lets everything through. `values` are chosen values by facet; facets of axes are `axis:NAME`. */
export const NO_FILTER = Object.freeze({ decision: "all", search: "", low: 0, high: 1, values: Object.freeze({}) });

/** The facets of a list of takes: `[{name, label, values: [{value, count}]}]`; those with one value are left out. */
export function facetsOf(takes) {
  const facets = new Map();
  for (const take of takes) {
    for (const [name, value] of facetValues(take)) {
      if (!facets.has(name)) facets.set(name, new Map());
      const counts = facets.get(name);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return [...facets]
    .filter(([, counts]) => counts.size > 1)
    .map(([name, counts]) => ({
      name,
      label: name.replace(/^axis:/, ""),
      values: [...counts].map(([value, count]) => ({ value, count })),
    }));
}

function facetValues(take) {
  const values = [["verdict", take.state]];
  for (const subject of take.subjects) values.push(["subject", subject]);
  values.push(["stage", take.stage], ["shot", take.shot]);
  for (const [axis, value] of Object.entries(take.axes)) if (axis !== "subject") values.push([`axis:${axis}`, String(value)]);
  return values;
}

/** Whether a take has one of the chosen values of every facet, its score in the range and every word of the search. */
export function matchesFilter(take, filter) {
  if (!hasScore(take, filter.low, filter.high)) return false;
  const chosen = Object.entries(filter.values).filter(([, values]) => values.length > 0);
  if (chosen.length > 0) {
    const own = facetValues(take);
    if (!chosen.every(([name, values]) => own.some(([facet, value]) => facet === name && values.includes(value)))) return false;
  }
  return matchesSearch(take, filter.search);
}

function hasScore(take, low, high) {
  if (low <= 0 && high >= 1) return true;
  const score = take.verdict?.score;
  return typeof score === "number" && score >= low && score <= high;
}

function matchesSearch(take, search) {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return true;
  const text = `${take.id}\n${take.prompt ?? ""}`.toLowerCase();
  return wanted.every((word) => text.includes(word));
}

/** Whether a decision is what the filter `all`, `undecided`, `keep` or `drop` asks for. */
export function matchesDecision(decision, wanted) {
  return wanted === "all" || (wanted === "undecided" ? !decision : decision === wanted);
}

/** How many filters are set, apart from the decision and the search. */
export function filterCount(filter) {
  const chosen = Object.values(filter.values).filter((values) => values.length > 0).length;
  return chosen + (filter.low > 0 || filter.high < 1 ? 1 : 0);
}
