"""Adapters handed out and taken in: whole ones arrive, others leave nothing behind."""

from __future__ import annotations

import errno
import io
import json
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nano_banana.features.shelf.adapter_archive import ADAPTER_FILE, CARD_FILE, CHECKSUMS_FILE, export_adapter
from nano_banana.features.shelf.adapter_import import ImportedAdapter, ImportOptions, import_adapter_file
from nano_banana.formats.zip_reader import BoundedZip, ZipLimits
from nano_banana.model.problem import Invalid, Unusable
from nano_banana.store.adapter_shelf import AdapterCard, AdapterOrigin, AdapterShelf, ShelvedAdapter
from nano_banana.store.local_store import Store
from tests.shelf.files import AI_TOOLKIT_FLUX, AI_TOOLKIT_SAID, KOHYA_FLUX, KOHYA_SDXL, kohya, safetensors, write
from tests.store.tools import a_call, an_entry

FAMILIES = ("flux-1", "flux-2", "flux-kontext")
CARD_OF_ANA = AdapterCard(
    base="flux-1",
    provider="fal",
    subject="ana",
    trigger="anqz7",
    noun="woman",
    trainer="fal-ai/flux-lora-fast-training",
    settings={"steps": 900},
    photos=9,
    likeness=0.61,
    judged=8,
    cost_usd=2.0,
    made_at=1.0,
    recipe="portraits",
    run="a-run",
)
SMALL = safetensors(kohya("lora_unet_double_blocks_0_img_attn_proj", 3072, rank=1))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[AdapterShelf]:
    with Store.open(tmp_path / "store") as opened:
        yield opened.shelf


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """An archive from another store."""
    with Store.open(tmp_path / "other") as other:
        export_adapter(other.shelf, kept(other.shelf, tmp_path), tmp_path / "ana.nbm")
    return tmp_path / "ana.nbm"


def kept(shelf: AdapterShelf, folder: Path, card: AdapterCard = CARD_OF_ANA) -> ShelvedAdapter:
    return shelf.keep("ana", shelf.put(write(folder, "a.safetensors", SMALL)), card)


def taken(shelf: AdapterShelf, path: Path, **wanted: str) -> ImportedAdapter:
    return import_adapter_file(shelf, path, ImportOptions(**wanted), families=FAMILIES, clock=lambda: 5.0)


def refused(shelf: AdapterShelf, path: Path, **wanted: str) -> str:
    """Why the file is refused; it must leave nothing in the store."""
    with pytest.raises(Invalid) as error:
        taken(shelf, path, **wanted)
    check_nothing(shelf)
    (problem,) = error.value.problems
    return problem.kind


def check_nothing(shelf: AdapterShelf) -> None:
    assert shelf.all() == []
    with Store.open(shelf.file.parent) as store:
        assert store.stats().blobs == 0
    assert [path.name for path in shelf.file.parent.iterdir() if path.name.startswith("import")] == []


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path: Path, entries: Mapping[str, bytes], *more: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*entries.items(), *more]:
            archive.writestr(name, data)
    return path


def summed(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    """The entries with checksums that are right."""
    from hashlib import sha256

    lines = [
        f"{sha256(data).hexdigest()}  {name}\n" for name, data in sorted(entries.items()) if name != CHECKSUMS_FILE
    ]
    return {**entries, CHECKSUMS_FILE: "".join(lines).encode()}


# --- archives ---


def test_an_adapter_goes_to_another_store_and_is_the_same(shelf: AdapterShelf, packed: Path) -> None:
    brought = taken(shelf, packed)
    assert brought.shelved.reference == "ana@1"
    assert brought.shelved.card == replace(CARD_OF_ANA, origin=AdapterOrigin.IMPORTED, recipe="", run="")
    assert shelf.path(brought.shelved).read_bytes() == SMALL
    assert not brought.known
    assert taken(shelf, packed).known
    assert taken(shelf, packed, name="anna", trigger="xq", noun="person").shelved.card.trigger == "xq"
    assert [found.reference for found in shelf.all()] == ["ana@1", "anna@1"]


def test_the_same_adapter_is_the_same_archive(shelf: AdapterShelf, packed: Path, tmp_path: Path) -> None:
    found = kept(shelf, tmp_path)
    export_adapter(shelf, found, tmp_path / "again.nbm")
    assert (tmp_path / "again.nbm").read_bytes() == packed.read_bytes()
    assert b"a-run" not in packed.read_bytes()


def test_samples_and_photos_come_only_where_they_are_wanted(shelf: AdapterShelf, tmp_path: Path) -> None:
    found = kept(shelf, tmp_path)
    blob = shelf.put(write(tmp_path, "a.safetensors", SMALL))
    with Store.open(shelf.file.parent) as store:
        photos = zipped(tmp_path / "set.zip", {"0001.jpg": b"\xff\xd8\xffphoto", "0001.txt": b"a woman"})
        archive = store.blobs.put(photos, media="application/zip")
        training = replace(a_call(1), inputs={"images_data_url": archive})
        store.replies.record([replace(an_entry(1, blob), call=training)])
        for seed in (2, 3):
            picture = store.blobs.put(b"\x89PNG picture %d" % seed, media="image/png")
            drawn = replace(a_call(seed), inputs={"loras/0/path": blob})
            store.replies.record([replace(an_entry(seed, picture), call=drawn)])
    target = tmp_path / "out.nbm"
    assert export_adapter(shelf, found, target, samples=1).samples == 1
    assert sorted(members(target)) == [ADAPTER_FILE, CARD_FILE, CHECKSUMS_FILE, "samples/01.png"]
    done = export_adapter(shelf, found, target, samples=9, photos=True, replace=True)
    assert (done.samples, done.photos) == (2, 1)
    assert members(target)["photos/0001.jpg"] == b"\xff\xd8\xffphoto"
    with Store.open(tmp_path / "third") as third:
        assert taken(third.shelf, target).others == {"samples/": 2, "photos/": 2}


def test_what_cannot_be_written_is_said_and_nothing_is_lost(shelf: AdapterShelf, tmp_path: Path) -> None:
    found = kept(shelf, tmp_path)
    target = write(tmp_path, "mine.nbm", b"mine")
    for path, kind in (
        (target, "archive_exists"),
        (tmp_path, "archive_nowhere"),
        (tmp_path / "no/a", "archive_nowhere"),
        (tmp_path / "recipe.yaml", "archive_suffix"),
    ):
        with pytest.raises(Invalid) as error:
            export_adapter(shelf, found, path)
        assert error.value.problems[0].kind == kind
    with pytest.raises(Invalid) as error:
        export_adapter(shelf, found, tmp_path / "a.nbm", photos=True)
    assert error.value.problems[0].kind == "photos_gone"
    with pytest.raises(Unusable) as failed:
        export_adapter(shelf, found, tmp_path / ("x" * 300 + ".nbm"))
    assert failed.value.problems[0].kind == "archive_unwritten"
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../evil.txt", "archive_path"),
        ("/etc/evil", "archive_path"),
        ("samples/../../evil", "archive_path"),
        ("C:/evil", "archive_path"),
        ("samples\\evil", "archive_path"),
        ("samples//evil", "archive_path"),
        ("samples/a\x1b[2J", "archive_path"),
        ("samples/evil.", "archive_path"),
        ("CARD.json", "archive_twice"),
        ("archive/data.pkl", "archive_pickle"),
        ("samples/model.CKPT", "archive_pickle"),
        ("readme.txt", "archive_foreign"),
        ("samples/unsummed.png", "archive_sum"),
    ],
)
def test_an_archive_with_something_strange_in_it_is_refused(
    shelf: AdapterShelf, packed: Path, tmp_path: Path, name: str, kind: str
) -> None:
    assert refused(shelf, zipped(tmp_path / "evil.nbm", members(packed), (name, b"evil"))) == kind


def test_names_twice_links_locks_and_strange_packings_are_refused(
    shelf: AdapterShelf, packed: Path, tmp_path: Path
) -> None:
    whole, evil = members(packed), tmp_path / "evil.nbm"
    with pytest.warns(UserWarning, match="Duplicate"):
        zipped(evil, whole, (CARD_FILE, whole[CARD_FILE]))
    assert refused(shelf, evil) == "archive_twice"
    for one, other in (("caf\u00e9", "cafe\u0301"), ("CAF\u00c9", "cafe\u0301")):  # one file on macOS
        zipped(evil, whole, (f"samples/{one}.png", b""), (f"samples/{other}.png", b""))
        assert refused(shelf, evil) == "archive_twice"
    link = zipfile.ZipInfo("samples/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(shelf, zipped(evil, whole, (link, b"/etc/passwd"))) == "archive_link"
    with zipfile.ZipFile(evil, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(CARD_FILE, whole[CARD_FILE])
    assert refused(shelf, evil) == "archive_method"
    data = bytearray(packed.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + at] |= 1
    assert refused(shelf, write(tmp_path, "evil.nbm", bytes(data))) == "archive_encrypted"


def test_what_is_not_as_it_was_packed_is_refused(shelf: AdapterShelf, packed: Path, tmp_path: Path) -> None:
    whole, evil = members(packed), tmp_path / "evil.nbm"
    card = json.loads(whole[CARD_FILE])

    def told(**changes: object) -> str:
        return refused(shelf, zipped(evil, summed({**whole, CARD_FILE: json.dumps({**card, **changes}).encode()})))

    assert refused(shelf, zipped(evil, {**whole, ADAPTER_FILE: SMALL + b"x"})) == "archive_sum"
    assert refused(shelf, zipped(evil, {**whole, CHECKSUMS_FILE: b""})) == "archive_sum"
    assert refused(shelf, zipped(evil, {CARD_FILE: whole[CARD_FILE], ADAPTER_FILE: SMALL})) == "archive_foreign"
    assert refused(shelf, zipped(evil, {"a.txt": b"a"})) == "archive_foreign"
    assert refused(shelf, zipped(evil, {**whole, CARD_FILE: b"[]"})) == "archive_foreign"
    assert refused(shelf, zipped(evil, {**whole, CARD_FILE: b"{"})) == "archive_foreign"
    assert refused(shelf, zipped(evil, {**whole, CARD_FILE: b'{"nano_banana_model": true}'})) == "archive_foreign"
    assert told(nano_banana_model=2) == "archive_newer"
    assert told(digest="0" * 64) == "archive_sum"
    assert told(size=1) == "archive_sum"
    assert told(size="one") == "archive_card"
    assert told(size=1e999) == "archive_card"
    assert told(card=5) == "archive_card"
    assert told(**{"\ud800": 1}) == "archive_card"
    assert told(card={"\ud800": 1}) == "archive_card"
    assert told(card={"origin": "\ud800"}) == "archive_card"
    assert told(card={"photos": "nine"}) == "archive_card"
    assert told(card={"origin": "stolen"}) == "archive_card"
    assert told(card={"likeness": float("nan")}) == "archive_card"
    assert told(card={"trigger": "a\x1b[2J"}) == "archive_card"
    for impossible in ({"photos": -5}, {"likeness": 7}, {"cost_usd": -1}, {"judged": -1}, {"made_at": -1}):
        assert told(card=impossible) == "archive_card"
    for endless in (
        {"made_at": 1e300},
        {"made_at": 1e12},
        {"photos": 10**400},
        {"cost_usd": 1e308},
        {"judged": 10**30},
    ):
        assert told(card=endless) == "archive_card"
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    for odd in (
        {"a": deep},
        {"a" * 1000: 1},
        {"a\x1b[2J": 1},
        {"a": 10**400},
        {"a": float("inf")},
        {"a": "b" * 20_000},
    ):
        assert told(card={"settings": odd}) == "archive_card"
    assert told(card={"subject": "../../x"}) == "shelf_name"
    assert told(name="../ana") == "shelf_name"
    assert told(card={"base": "flux-2"}) == "model_base_wrong"
    assert told(card={"base": "sdxl"}) == "model_base_wrong"
    assert refused(shelf, packed, base="flux-kontext") == "model_base_wrong"
    other = safetensors(KOHYA_SDXL)
    changed = {**card, "digest": __import__("hashlib").sha256(other).hexdigest(), "size": len(other)}
    swapped = summed({**whole, ADAPTER_FILE: other, CARD_FILE: json.dumps(changed).encode()})
    assert refused(shelf, zipped(evil, swapped)) == "model_base_wrong"


def test_what_a_stand_in_trained_is_taken_where_one_answers_and_nowhere_else(
    shelf: AdapterShelf, tmp_path: Path
) -> None:
    rehearsed = safetensors({"faces": (4,)}, {"format": "nano-banana-local-1"})
    with Store.open(tmp_path / "other") as other:
        blob = other.shelf.put(write(tmp_path, "a.safetensors", rehearsed))
        found = other.shelf.keep("ana", blob, CARD_OF_ANA)
        export_adapter(other.shelf, found, tmp_path / "ana.nbm")
    archive = tmp_path / "ana.nbm"
    assert refused(shelf, archive) == "model_rehearsed"
    with pytest.raises(Invalid) as error:
        import_adapter_file(shelf, archive, ImportOptions(base="flux-2"), families=FAMILIES, rehearses=True)
    assert [problem.kind for problem in error.value.problems] == ["model_base_wrong"]
    check_nothing(shelf)
    brought = import_adapter_file(shelf, archive, ImportOptions(), families=FAMILIES, rehearses=True)
    assert (brought.shelved.digest, brought.shelved.card.base) == (found.digest, "flux-1")


def test_a_bomb_is_found_while_it_is_unpacked(shelf: AdapterShelf, packed: Path, tmp_path: Path) -> None:
    whole, evil = members(packed), tmp_path / "bomb.nbm"
    assert refused(shelf, zipped(evil, summed({**whole, "samples/1.png": bytes(40 << 20)}))) == "archive_bomb"
    assert refused(shelf, zipped(evil, {**whole, CARD_FILE: b" " * (2 << 20)})) == "archive_bomb"
    lying = bytearray(evil.read_bytes())
    at = lying.find(b"PK\x01\x02")
    lying[at + 24 : at + 28] = struct.pack("<I", 10)
    assert refused(shelf, write(tmp_path, "bomb.nbm", bytes(lying))) in {"archive_broken", "archive_foreign"}


def test_bounds_are_those_of_whoever_unpacks(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a": bytes(100), "b/c": b"12345"})
    with BoundedZip.opened(path) as archive:
        assert dict(archive.sizes) == {"a": 100, "b/c": 5}
        assert archive.read("b/c", most=5) == b"12345"
        target = io.BytesIO()
        assert archive.extract("a", target)[1] == 100 == len(target.getvalue())
    for bounds, kind in ((ZipLimits(members=1), "archive_many"), (ZipLimits(total_bytes=104), "archive_bomb")):
        with pytest.raises(Invalid) as error, BoundedZip.opened(path, bounds):
            pass
        assert error.value.problems[0].kind == kind
    with BoundedZip.opened(path, ZipLimits(member_bytes=99)) as archive, pytest.raises(Invalid):
        archive.read("a", most=1000)


def test_folders_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"b/": b"", "b/c": b"1"})
    with BoundedZip.opened(path) as archive:
        assert list(archive.sizes) == ["b/c"]


def test_what_is_no_archive_at_all_is_refused(shelf: AdapterShelf, packed: Path, tmp_path: Path) -> None:
    cut = write(tmp_path, "cut.nbm", packed.read_bytes()[:-60])
    assert refused(shelf, cut) == "archive_not_zip"
    assert refused(shelf, tmp_path / "none.nbm") == "model_unreadable"
    assert refused(shelf, tmp_path) == "model_unreadable"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_refused_and_leaves_nothing(
    shelf: AdapterShelf, packed: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = packed.read_bytes()
    spoilt = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=6)):
        spoilt[at] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    path = write(tmp_path, "spoilt.nbm", bytes(spoilt[:end]))
    try:
        brought = taken(shelf, path)
    except Invalid:
        check_nothing(shelf)
    else:  # what was hit is said by nobody: a date, a mode
        assert shelf.path(brought.shelved).read_bytes() == SMALL
        shelf.remove(brought.shelved.reference)
        with Store.open(shelf.file.parent, clock=lambda: 9e9) as store:
            store.gc(dry_run=False)


# --- files of other trainers ---


def test_a_file_of_ai_toolkits_is_recognised(shelf: AdapterShelf, tmp_path: Path) -> None:
    path = write(tmp_path, "ana v1.safetensors", safetensors(AI_TOOLKIT_FLUX, AI_TOOLKIT_SAID))
    found = taken(shelf, path, noun="woman").shelved
    assert found.reference == "ana-v1@1"
    assert found.card == AdapterCard(
        base="flux-1", subject="ana-v1", trigger="anqz7", noun="woman", made_at=5.0, origin=AdapterOrigin.FILE
    )


def test_words_that_no_archive_could_tell_are_refused(shelf: AdapterShelf, packed: Path) -> None:
    for trigger, noun in (("a\x1b[2J", ""), ("a\nb", ""), ("", "x" * 201), ("\u202ea", "")):
        with pytest.raises(Invalid) as error:
            import_adapter_file(shelf, packed, ImportOptions(trigger=trigger, noun=noun), families=FAMILIES)
        assert error.value.problems[0].kind == "shelf_words"
    assert shelf.all() == []


def test_a_full_disk_is_said_and_nothing_is_left(
    shelf: AdapterShelf, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(shelf.file.parent.rglob("*"))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(BoundedZip, "extract", full)
    with pytest.raises(Unusable) as error:
        import_adapter_file(shelf, packed, ImportOptions(), families=FAMILIES)
    assert error.value.problems[0].kind == "store_full"
    assert sorted(shelf.file.parent.rglob("*")) == before


def test_a_trigger_can_be_said_later(shelf: AdapterShelf, tmp_path: Path) -> None:
    path = write(tmp_path, "ana.safetensors", safetensors(KOHYA_FLUX))
    assert taken(shelf, path).shelved.card.trigger == ""
    again = taken(shelf, path, trigger="anqz7")
    assert again.known
    assert shelf.get("ana").card.trigger == "anqz7"


def test_another_base_is_refused_with_a_reason(shelf: AdapterShelf, tmp_path: Path) -> None:
    sdxl = write(tmp_path, "sdxl.safetensors", safetensors(KOHYA_SDXL))
    assert refused(shelf, sdxl) == "model_base_strange"
    assert refused(shelf, sdxl, base="flux-1") == "model_base_wrong"
    assert refused(shelf, sdxl, base="flux1") == "model_base_unknown"
    flux = write(tmp_path, "flux.safetensors", safetensors(KOHYA_FLUX))
    assert refused(shelf, flux, base="flux-2") == "model_base_wrong"
    assert refused(shelf, flux, name="../x") == "shelf_name"
    nobody = write(tmp_path, "x.safetensors", safetensors(kohya("lora_te_text_model_encoder_layers_0", 768)))
    assert refused(shelf, nobody) == "model_base_missing"
    model = write(tmp_path, "m.safetensors", safetensors({"double_blocks.0.img_attn.qkv.weight": (4, 4)}))
    assert refused(shelf, model) == "model_not_adapter"
    assert taken(shelf, flux, base="flux-kontext").shelved.card.base == "flux-kontext"


def test_an_adapter_whose_end_looks_like_a_zip_is_one_all_the_same(shelf: AdapterShelf, tmp_path: Path) -> None:
    inside = zipped(tmp_path / "in.zip", {}).read_bytes()
    data = bytearray(SMALL)
    data[-len(inside) :] = inside
    path = write(tmp_path, "ana.safetensors", bytes(data))
    assert zipfile.is_zipfile(path)
    assert taken(shelf, path).shelved.card.base == "flux-1"
