"""How the page of photos looks: light and dark, on a phone and on a wall."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #f6f5f2; --card: #fff; --ink: #1d1c1a; --soft: #66635d; --line: #dedbd3;
  --reject: #b3261e; --warn: #8a5a00; --note: #56605f; --good: #1e6b3a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171614; --card: #211f1c; --ink: #efece6; --soft: #a8a399; --line: #3a3732;
    --reject: #ff8a80; --warn: #f0b95b; --note: #a5b1af; --good: #7fd49b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 84rem; padding: 1.25rem clamp(0.9rem, 3vw, 2.5rem) 4rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif;
}
h1 { font-size: 1.35rem; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 0.25rem; overflow-wrap: anywhere; }
p { margin: 0.2rem 0; }
.soft { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; margin: 0.6rem 0; }
a { color: inherit; }
.photos {
  display: grid; gap: 1rem; margin: 1rem 0 0; padding: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 17.5rem), 1fr));
}
.photo {
  background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--good);
  border-radius: 8px; padding: 0.75rem; min-width: 0; content-visibility: auto; contain-intrinsic-size: auto 24rem;
}
.photo.warn { border-top-color: var(--warn); }
.photo.reject { border-top-color: var(--reject); }
.pictures { display: flex; gap: 0.6rem; align-items: flex-start; height: 11rem; }
.whole { position: relative; flex: 0 1 auto; min-width: 0; height: 100%; }
.whole img { display: block; max-width: 100%; max-height: 100%; border-radius: 4px; }
.frame { position: relative; display: inline-block; max-width: 100%; max-height: 100%; }
.frame img { display: block; max-width: 100%; max-height: 11rem; border-radius: 4px; }
.frame i { position: absolute; border: 2px solid #fff; outline: 1px solid #000; border-radius: 3px; }
.face { flex: 0 0 auto; width: 6.5rem; height: 6.5rem; border-radius: 4px; }
.none {
  display: grid; place-items: center; width: 100%; height: 100%; border: 1px dashed var(--line);
  border-radius: 4px; color: var(--soft);
}
h3 { font-size: 0.95rem; margin: 0.7rem 0 0.15rem; overflow-wrap: anywhere; }
.tag { font-weight: 400; font-size: 0.8rem; border: 1px solid var(--line); border-radius: 999px; padding: 0 0.5rem; }
.numbers { display: flex; flex-wrap: wrap; gap: 0 0.9rem; color: var(--soft); font-variant-numeric: tabular-nums; }
blockquote { margin: 0.5rem 0 0; padding-left: 0.6rem; border-left: 2px solid var(--line); overflow-wrap: anywhere; }
.found { margin: 0.6rem 0 0; padding: 0; list-style: none; }
.found li { margin: 0.45rem 0 0; overflow-wrap: anywhere; }
.found b { display: inline-block; margin-right: 0.35rem; }
.reject > b { color: var(--reject); } .warn > b { color: var(--warn); } .note > b { color: var(--note); }
.found small { display: block; color: var(--soft); font-size: 0.85rem; }
"""
