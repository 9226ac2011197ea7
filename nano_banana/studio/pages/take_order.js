// In which order takes are shown, and which are near-identical.

export const ORDERS = { recipe: "Recipe order", likeness: "Likeness", name: "Name", random: "Random" };

/** The takes in another order. They are given in the recipe's; the same `seed` gives the same random order. */
export function orderedTakes(takes, order, seed = 1) {
  if (order === "likeness") return takes.toSorted((a, b) => (b.verdict?.score ?? -1) - (a.verdict?.score ?? -1));
  if (order === "name") return takes.toSorted((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
  if (order === "random") return shuffledTakes(takes, seed);
  return takes;
}

function shuffledTakes(takes, seed) {
  const shuffled = [...takes];
  const random = mulberry32(seed);
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
  }
  return shuffled;
}

/** A small generator of numbers in [0, 1) by a seed (Tommy Ettinger's mulberry32). */
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Groups of takes whose 64-bit hashes (16 hex digits) differ in at most `distance` bits, also by way of others.
 * Returns a map from a take's id to the ids of its group, in the given order; lone takes are left out.
 */
export function nearGroups(takes, distance = 6) {
  const hashed = takes.filter((take) => /^[0-9a-f]{16}$/i.test(take.hash ?? ""));
  const halves = hashed.map((take) => [parseInt(take.hash.slice(0, 8), 16), parseInt(take.hash.slice(8), 16)]);
  const parent = hashed.map((_, at) => at);
  const root = (at) => {
    while (parent[at] !== at) at = parent[at] = parent[parent[at]];
    return at;
  };
  for (const bucket of bandBuckets(halves, distance + 1)) {
    for (let i = 1; i < bucket.length; i += 1) {
      for (let j = 0; j < i; j += 1) {
        const [a, b] = [root(bucket[i]), root(bucket[j])];
        if (a !== b && bitDistance(halves[bucket[i]], halves[bucket[j]]) <= distance) parent[Math.max(a, b)] = Math.min(a, b);
      }
    }
  }
  return groupsByRoot(hashed, root);
}

function groupsByRoot(hashed, root) {
  const members = new Map();
  hashed.forEach((take, at) => {
    const ids = members.get(root(at));
    if (ids) ids.push(take.id);
    else members.set(root(at), [take.id]);
  });
  const groups = new Map();
  for (const ids of members.values()) if (ids.length > 1) for (const id of ids) groups.set(id, ids);
  return groups;
}

/** Hashes within `bands - 1` bits agree in one of the bands: only those in one bucket need comparing. */
function bandBuckets(halves, bands) {
  const buckets = new Map();
  for (let band = 0; band < bands; band += 1) {
    const [start, end] = [Math.round((band * 64) / bands), Math.round(((band + 1) * 64) / bands)];
    halves.forEach((hash, at) => {
      const key = band * 1048576 + bitsBetween(hash, start, end);
      const bucket = buckets.get(key);
      if (bucket) bucket.push(at);
      else buckets.set(key, [at]);
    });
  }
  return buckets.values();
}

function bitsBetween([high, low], start, end) {
  let bits = 0;
  for (let at = start; at < end; at += 1) bits = bits * 2 + ((at < 32 ? high >>> (31 - at) : low >>> (63 - at)) & 1);
  return bits;
}

function bitDistance([highA, lowA], [highB, lowB]) {
  return bitCount(highA ^ highB) + bitCount(lowA ^ lowB);
}

function bitCount(bits) {
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
