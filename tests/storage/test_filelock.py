import fcntl
import os
from pathlib import Path
from threading import Timer

import pytest

from storage.db.filelock import AlreadyHeldError, file_lock, lock_holder


def test_the_error_of_a_second_holder_names_the_first(tmp_path: Path):
    path = tmp_path / "run.lock"

    with (
        file_lock(path, wait=False),
        pytest.raises(AlreadyHeldError) as refused,
        file_lock(path, wait=False),
    ):
        pass

    assert refused.value.holder == str(os.getpid())


def test_a_lock_is_free_again_after_its_block(tmp_path: Path):
    path = tmp_path / "run.lock"
    with file_lock(path, wait=False):
        pass

    with file_lock(path, wait=False):
        assert path.read_text().strip() == str(os.getpid())


def test_a_lock_that_is_only_tested_can_be_taken(tmp_path: Path):
    path = tmp_path / "run.lock"
    path.touch()
    with path.open() as tested:
        fcntl.flock(tested, fcntl.LOCK_SH)
        Timer(0.05, fcntl.flock, (tested, fcntl.LOCK_UN)).start()

        with file_lock(path, wait=False):
            assert path.read_text().strip() == str(os.getpid())


def test_the_holder_of_a_lock_is_found_without_touching_it(tmp_path: Path):
    lock = tmp_path / "dateline.sqlite3.run.lock"
    assert lock_holder(lock) is None

    with file_lock(lock, wait=False):
        assert lock_holder(lock) == str(os.getpid())

    assert lock_holder(lock) is None
