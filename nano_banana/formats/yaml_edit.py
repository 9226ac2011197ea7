"""Changes a YAML text as little as possible to a wanted value.

The text is edited at the spans of its parser events: comments, order, quotes, indentation, flow or block style and line
ends stay as they are, and only lines of what changes are touched. New keys and items come last. Where one of two uses
of an anchor changes, its aliases are written out.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import yaml
from msgspec import Struct

from nano_banana.formats.yaml_reader import PARSER, event_span, parse_yaml
from nano_banana.formats.yaml_values import Scalar, plain_scalar, tagged_scalar, to_plain
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import Invalid, problem


def edited_yaml(text: str, wanted: JSONObject, *, file: str) -> str:
    """The text of `file`, changed so that its value is `wanted`; lists of words count as sets in the text's order.

    Raises Invalid if the text can't be read or, in a very unusual form, not be edited.
    """
    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    plain = body.replace("\r\n", "\n").replace("\r", "\n")
    if _read(plain, file) == wanted:
        return text
    edits = _edits_for(plain, wanted, file)
    # The k-th CR LF of the body stands k characters further left in the plain text.
    ends = [found.start() - k for k, found in enumerate(re.finditer("\r\n", body))]
    newline = "\r\n" if ends and plain.index("\n") == ends[0] else "\n"
    moved = [
        (start + bisect_left(ends, start), end + bisect_left(ends, end), fresh.replace("\n", newline))
        for start, end, fresh in edits
    ]
    return mark + _apply(body, moved)


_Edit: TypeAlias = tuple[int, int, str]
"""Characters from a start to an end, and what replaces them."""


def _read(text: str, file: str) -> JSONValue:
    return to_plain(parse_yaml(text, file=file))


def _edits_for(text: str, wanted: JSONObject, file: str) -> list[_Edit]:
    for expand in (False, True):
        editor = _Editor(text, expand_aliases=expand)
        try:
            editor.change(wanted)
            edits = _in_order(text, editor.edits)
            if _sorted_words(_read(_apply(text, edits), file)) == _sorted_words(wanted):
                return edits
        except Invalid:
            continue
    raise Invalid([problem("yaml_uneditable", file=file)])


def _sorted_words(value: JSONValue) -> object:
    """The value; lists of words in one order."""
    if isinstance(value, Mapping):
        return {name: _sorted_words(inner) for name, inner in value.items()}
    if not isinstance(value, list | tuple):
        return value
    words = not any(isinstance(inner, Mapping | list) for inner in value)
    return sorted(value, key=json.dumps) if words else [_sorted_words(inner) for inner in value]


def _in_order(text: str, edits: Sequence[_Edit]) -> list[_Edit]:
    """The edits by place, those of one place in their order; lines that follow removed ones take their place."""
    removed = sorted((start, end) for start, end, fresh in edits if not fresh)
    starts = [start for start, _ in removed]
    placed = []
    for start, end, fresh in edits:
        before = removed[bisect_left(starts, start) - 1] if starts and starts[0] < start else (start, start)
        lines = before[0] == 0 or text[before[0] - 1] == "\n"
        inside = fresh.startswith("\n") and before[0] < start <= before[1] and lines
        placed.append((before[0], before[0], f"{fresh[1:]}\n") if inside else (start, end, fresh))
    return sorted(placed, key=lambda edit: edit[:2])


def _apply(text: str, edits: Sequence[_Edit]) -> str:
    """The text with edits made that are in order and don't overlap."""
    pieces, at = [], 0
    for start, end, fresh in edits:
        pieces += [text[at:start], fresh]
        at = max(at, end)
    return "".join([*pieces, text[at:]])


class _Node(Struct, frozen=True, kw_only=True):
    """A value, and the characters of it; comments and blank lines after it aren't among them."""

    start: int
    end: int
    value: JSONValue
    flow: bool = False
    parts: Sequence[_Part] = ()
    word: str = ""
    """A scalar's text without quotes, which is its name if it is a key."""
    fixed: bool = False
    """Whether it can only be replaced as a whole: it is an alias, or merges another mapping."""


class _Part(Struct, frozen=True, kw_only=True):
    """An item of a list, or a key with its value."""

    key: _Node | None
    node: _Node

    @property
    def start(self) -> int:
        return (self.key or self.node).start

    @property
    def end(self) -> int:
        return self.node.end

    @property
    def name(self) -> str:
        return self.key.word if self.key else ""


class _Tree:
    """Builds the nodes of a text, which was read without problems."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events = yaml.parse(text, Loader=PARSER)
        self._anchors: dict[str, _Node] = {}
        self.aliases: list[_Node] = []

    def top(self) -> _Node | None:
        """The document's value; None if the text has none."""
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                return self._node(event)
        return None

    def _node(self, event: yaml.NodeEvent) -> _Node:
        start, end = event_span(event)
        if isinstance(event, yaml.AliasEvent):
            node = _Node(start=start, end=end, value=self._anchors[str(event.anchor)].value, fixed=True)
            self.aliases.append(node)
            return node
        if isinstance(event, yaml.ScalarEvent):
            end = start + len(self._text[start:end].rstrip())
            node = _Node(start=start, end=end, value=_scalar(event), word=event.value)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, start)
        else:
            items = [_Part(key=None, node=self._node(inner)) for inner in self._inner()]
            node = self._collection(event, start, [part.node.value for part in items], items)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _mapping(self, event: yaml.MappingStartEvent, start: int) -> _Node:
        inner = self._inner()
        parts = [_Part(key=self._node(key), node=self._node(next(inner))) for key in inner]
        merged = [part.node.value for part in parts if part.name == "<<"]
        value: dict[str, JSONValue] = {}
        for source in reversed([each for said in merged for each in (said if isinstance(said, list) else [said])]):
            value |= as_object(source)
        value |= {part.name: part.node.value for part in parts if part.name != "<<"}
        return self._collection(event, start, value, parts, fixed=bool(merged))

    def _collection(
        self,
        event: yaml.NodeEvent,
        start: int,
        value: JSONValue,
        parts: Sequence[_Part],
        *,
        fixed: bool = False,
    ) -> _Node:
        flow = isinstance(event, yaml.CollectionStartEvent) and bool(event.flow_style)
        end = self._end if flow or not parts else parts[-1].end
        return _Node(start=start, end=end, value=value, flow=flow, parts=parts, fixed=fixed)

    def _inner(self) -> Iterator[yaml.NodeEvent]:
        """The events of an open collection's children; a child reads its own children before the next is given."""
        for event in self._events:
            if not isinstance(event, yaml.NodeEvent):
                self._end = event_span(event)[1]
                return
            yield event


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    if event.tag is not None:
        return tagged_scalar(event.tag, event.value)
    return plain_scalar(event.value) if event.implicit[0] else str(event.value)


class _Editor:
    """Collects the edits that turn a text's value into a wanted one."""

    def __init__(self, text: str, *, expand_aliases: bool) -> None:
        self._text = text
        self.edits: list[_Edit] = []
        tree = _Tree(text)
        self._top = tree.top()
        self._dash = _dash_offset(text, self._top)
        self._expand = tree.aliases if expand_aliases else []

    def change(self, wanted: JSONObject) -> None:
        """Collect the edits. Raises Invalid if a part has too unusual a form."""
        top = self._top
        if top is None or top.value is None:
            lines = [line for key, value in wanted.items() for line in self._block(key, value, "")]
            before = "" if not self._text or self._text.endswith("\n") else "\n"
            self.edits.append((len(self._text), len(self._text), before + "\n".join(lines) + "\n"))
            return
        self._change(top, wanted, None, in_flow=False)
        # Aliases that are replaced or removed anyway aren't written out.
        touched = [(start, end) for start, end, _ in self.edits]
        self.edits += [
            (node.start, node.end, flow_text(node.value))
            for node in self._expand
            if not any(start < node.end and node.start < end for start, end in touched)
        ]

    def _change(self, node: _Node, wanted: JSONValue, key: _Node | None, *, in_flow: bool) -> None:
        if node.value == wanted and type(node.value) is type(wanted):
            return
        keyed = isinstance(wanted, Mapping) and isinstance(node.value, Mapping)
        listed = isinstance(wanted, list) and isinstance(node.value, list)
        editable = node.flow or all(self._is_plain_line(part) for part in node.parts)
        if node.fixed or not (keyed or listed) or not editable:
            self.edits.append((node.start, node.end, flow_text(wanted)))
        elif key is not None and not in_flow and (not node.parts or (not wanted and not node.flow)):
            self._fill_or_empty(node, wanted, key)
        elif isinstance(wanted, Mapping):
            self._change_mapping(node, wanted)
        elif isinstance(wanted, list):
            self._change_list(node, wanted)

    def _fill_or_empty(self, node: _Node, wanted: JSONValue, key: _Node) -> None:
        """Write an empty collection in block style, or empty one that is: `key: {}` and the lines below."""
        colon = self._text.index(":", key.end) + 1
        if not wanted:
            self.edits.append((colon, colon, " " + flow_text(wanted)))
            for part in node.parts:
                self._remove_lines(part)
            return
        self.edits.append((colon, node.end, ""))
        line = self._line_end(node.end)
        _, *lines = self._block("", wanted, " " * (key.start - self._line_start(key.start)))
        self.edits.append((line, line, "".join(f"\n{each}" for each in lines)))

    def _change_mapping(self, node: _Node, wanted: Mapping[str, JSONValue]) -> None:
        kept, names = [], set()
        for part in node.parts:
            names.add(part.name)
            if part.name in wanted:
                kept.append(part)
                self._change(part.node, wanted[part.name], part.key, in_flow=node.flow)
        self._replace_parts(node, kept, [(name, value) for name, value in wanted.items() if name not in names])

    def _change_list(self, node: _Node, wanted: Sequence[JSONValue]) -> None:
        if any(isinstance(value, Mapping | list) for value in (*wanted, *(part.node.value for part in node.parts))):
            kept = list(node.parts[: len(wanted)])
            for part, value in zip(kept, wanted, strict=False):
                self._change(part.node, value, None, in_flow=node.flow)
            fresh = list(wanted[len(node.parts) :])
        else:
            stays, there = set(wanted), {part.node.value for part in node.parts}
            kept = [part for part in node.parts if part.node.value in stays]
            fresh = [value for value in wanted if value not in there]
        self._replace_parts(node, kept, [(None, value) for value in fresh])

    def _replace_parts(self, node: _Node, kept: Sequence[_Part], fresh: Sequence[tuple[str | None, JSONValue]]) -> None:
        """Remove all parts that aren't kept, and add the fresh ones after the last that is."""
        stays = {id(part) for part in kept}
        if node.flow:
            self._remove_in_flow(node, stays)
            if fresh:
                self._add_in_flow(node, kept, [_flow_entry(*one) for one in fresh])
            return
        for part in node.parts:
            if id(part) not in stays:
                self._remove_lines(part)
        if not fresh:
            return
        beside = kept[-1] if kept else node.parts[0]
        first = self._line_start(beside.start)
        pad = self._text[first : beside.start]
        if beside.key is None:
            lines = [f"{self._prefix(beside)}{flow_text(value)}" for _, value in fresh]
        else:
            lines = [line for name, value in fresh for line in self._block(name or "", value, " " * len(pad))]
        at = self._line_end(beside.end) if kept else first
        text = "".join(f"\n{line}" for line in lines) if kept else "".join(f"{line}\n" for line in lines)
        self.edits.append((at, at, text))

    def _remove_lines(self, part: _Part) -> None:
        """Remove a part of a block with its lines; comments on lines of their own stay."""
        self._prefix(part)
        node = part.node
        if node.parts and not node.flow and not node.fixed and part.key is not None:
            self._delete_lines(part.start, part.key.end)
            for inner in node.parts:
                self._remove_lines(inner)
        else:
            self._delete_lines(part.start, part.end)

    def _delete_lines(self, start: int, end: int) -> None:
        self.edits.append((self._line_start(start), min(self._line_end(end) + 1, len(self._text)), ""))

    def _prefix(self, part: _Part) -> str:
        """What stands before a block's part on its line: blanks, for an item also its dash."""
        prefix = self._text[self._line_start(part.start) : part.start]
        if not re.fullmatch(r" *- +" if part.key is None else r" *", prefix):
            raise Invalid([problem("yaml_uneditable", file="")])
        return prefix

    def _is_plain_line(self, part: _Part) -> bool:
        """Whether only blanks and dashes stand before a block's part on its line; an item's dash is there."""
        prefix = self._text[self._line_start(part.start) : part.start]
        return re.fullmatch(r"[ -]*- +" if part.key is None else r"[ -]*", prefix) is not None

    def _remove_in_flow(self, node: _Node, stays: set[int]) -> None:
        parts, staying = node.parts, False
        for at, part in enumerate(parts):
            if id(part) in stays:
                staying = True
            elif self._has_own_line(part):
                self._delete_lines(part.start, part.end)
            elif staying:
                self.edits.append((parts[at - 1].end, part.end, ""))
            else:
                self.edits.append((part.start, parts[at + 1].start if at + 1 < len(parts) else part.end, ""))

    def _add_in_flow(self, node: _Node, kept: Sequence[_Part], fresh: Sequence[str]) -> None:
        if not node.parts:
            opening = self._text.index("[" if isinstance(node.value, list) else "{", node.start) + 1
            self.edits.append((opening, node.end - 1, ", ".join(fresh)))
            return
        beside = kept[-1] if kept else node.parts[0]
        first, end = self._line_start(beside.start), self._line_end(beside.end)
        if not self._has_own_line(beside):
            at, text = (beside.end, ", " + ", ".join(fresh)) if kept else (beside.start, ", ".join(fresh))
            self.edits.append((at, at, text))
            return
        pad = self._text[first : beside.start]
        if not kept:
            self.edits.append((first, first, "".join(f"{pad}{each},\n" for each in fresh)))
            return
        comma = self._text[beside.end : end].lstrip().startswith(",")
        if not comma:
            self.edits.append((beside.end, beside.end, ","))
        text = ",".join(f"\n{pad}{each}" for each in fresh) + ("," if comma else "")
        self.edits.append((end, end, text))

    def _has_own_line(self, part: _Part) -> bool:
        """Whether nothing but a comma and a comment shares the lines of a part of a flow collection."""
        before = self._text[self._line_start(part.start) : part.start]
        after = self._text[part.end : self._line_end(part.end)]
        return not before.strip() and re.fullmatch(r"\s*,?\s*(#.*)?", after) is not None

    def _block(self, name: str, value: JSONValue, pad: str) -> list[str]:
        """The lines of a key and its value in block style."""
        if isinstance(value, Mapping) and value:
            inner = [line for key, each in value.items() for line in self._block(key, each, pad + "  ")]
            return [f"{pad}{flow_text(name)}:", *inner]
        if isinstance(value, list) and value:
            items = [f"{pad}{' ' * self._dash}- {flow_text(each)}" for each in value]
            return [f"{pad}{flow_text(name)}:", *items]
        return [f"{pad}{_flow_entry(name, value)}"]

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found


def _dash_offset(text: str, node: _Node | None) -> int:
    """How much further right than their key the text's block lists have their dashes."""
    open_nodes = [node] if node else []
    while open_nodes:
        for part in open_nodes.pop().parts:
            inner = part.node
            if part.key is not None and isinstance(inner.value, list) and inner.parts and not inner.flow:
                dash, key = (text[text.rfind("\n", 0, at) + 1 : at] for at in (inner.start, part.key.start))
                return max(0, len(dash) - len(key))
            open_nodes.append(inner)
    return 2


_PLAIN = re.compile(r"[^\W\d][\w/@+.\-]*")
_ESCAPED = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def flow_text(value: JSONValue) -> str:
    """A value as YAML on one line: words without quotes if they may stand so."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and plain_scalar(value) == value:
            return value
        return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    if isinstance(value, Mapping):
        return "{" + ", ".join(_flow_entry(name, inner) for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow_text(inner) for inner in value) + "]"
    return json.dumps(value)


def _flow_entry(name: str | None, value: JSONValue) -> str:
    return flow_text(value) if name is None else f"{flow_text(name)}: {flow_text(value)}"
