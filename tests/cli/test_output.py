"""Files whole or not at all, and nothing replaced unasked."""

from __future__ import annotations

import os

import pytest

from rzqiskit.cli.output import open_output_folder, write_whole


def _open(folder, *, overwrite=False, names=("a.txt",)):
    return open_output_folder(folder, default="run", names=names, overwrite=overwrite)


def test_the_default_folder_is_always_new(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in ("run", "run-2", "run-3"):
        with _open(None) as folder:
            assert str(folder) == expected
            (folder / "a.txt").write_text("x")
    assert sorted(os.listdir(tmp_path)) == ["run", "run-2", "run-3"]


def test_a_folder_that_stays_empty_goes_away(tmp_path) -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"), _open(tmp_path / "a" / "b"):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_stays(tmp_path) -> None:
    with _open(tmp_path):
        pass
    assert tmp_path.is_dir()


def test_existing_files_are_refused_unless_asked(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("precious")
    with pytest.raises(ValueError, match=r"`output` must not hold a\.txt already"), _open(tmp_path):
        pass
    with (
        _open(tmp_path, overwrite=True) as folder,
        write_whole(folder / "a.txt", overwrite=True) as part,
    ):
        part.write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_file_in_the_place_of_the_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match="`output` must be a folder that can be made"):
            _open(folder).__enter__()


def test_a_failed_write_leaves_nothing(tmp_path) -> None:
    def write() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False) as part:
            part.write_text("half")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError, match="by zero"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appeared_meanwhile_is_kept(tmp_path) -> None:
    def write() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False) as part:
            part.write_text("mine")
            (tmp_path / "a.txt").write_text("theirs")

    with pytest.raises(ValueError, match=r"`output` must not hold a\.txt already"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "theirs"


def test_without_hard_links_it_is_the_same(tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with write_whole(tmp_path / "a.txt", overwrite=False) as part:
        part.write_text("mine")
    assert (tmp_path / "a.txt").read_text() == "mine"

    def write_again() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False) as part:
            part.write_text("again")

    with pytest.raises(ValueError, match=r"`output` must not hold a\.txt already"):
        write_again()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_one_line(tmp_path) -> None:
    def write() -> None:
        with write_whole(tmp_path / "a.txt", overwrite=False):
            raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match=r"`output` must be writable, .*: No space left"):
        write()
