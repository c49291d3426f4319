"""How many cores there are, and how many threads PyTorch uses where."""

import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from latimer import threads
from latimer.threads import Pool, available_cores, cgroup_limit, one_thread


@pytest.fixture
def four():
    """PyTorch uses four threads here, and in threads that are new."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def in_new_thread(work):
    """What `work` returns in a thread that has not used PyTorch."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def tree(folder, listing, files):
    """An invented `/proc/self/cgroup` and folder of groups."""
    (folder / "listing").write_text(listing)
    for name, content in files.items():
        file = folder / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "listing", folder / "groups"


V1 = "9:name=systemd:/\n4:cpu,cpuacct:/docker/abc\n2:cpuset:/docker/abc\n"


@pytest.mark.parametrize(
    ("listing", "files", "limit"),
    [
        # Version 2: the group's own folder, all above it, and the root of a container.
        ("0::/a/b\n", {"a/b/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "20000 10000\n"}, 2),
        ("0::/a/b\n", {"a/b/cpu.max": "300000 100000\n", "a/cpu.max": "50000 100000\n"}, 0.5),
        ("0::/a/b\n", {"a/b/cpu.max": "50000 100000\n", "a/cpu.max": "300000 100000\n"}, 0.5),
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2.5),
        ("0::/outside/name\n", {"cpu.max": "250000 100000\n"}, 2.5),
        ("0::/a\n", {"unified/a/cpu.max": "250000 100000\n"}, 2.5),
        ("0::/a\n", {"b/cpu.max": "100000 100000\n"}, math.inf),  # another group's
        # Version 1.
        (
            V1,
            {
                "cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "150000\n",
                "cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
            },
            1.5,
        ),
        (V1, {"cpu/cpu.cfs_quota_us": "40000\n", "cpu/cpu.cfs_period_us": "20000\n"}, 2),
        (V1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        (V1, {"cpu/cpu.cfs_quota_us": "100000\n"}, math.inf),
        ("2:cpuset:/\n", {"cpu/cpu.cfs_quota_us": "1", "cpu/cpu.cfs_period_us": "1"}, math.inf),
        # Nothing that can be read.
        ("", {}, math.inf),
        ("nonsense\n:\n0::/\n", {"cpu.max": "nonsense\n"}, math.inf),
        ("0::/\n", {"cpu.max": ""}, math.inf),
        ("0::/\n", {"cpu.max": b"\xff\xfe"}, math.inf),
        ("0::/\n", {"cpu.max": "100000 0\n"}, math.inf),
    ],
)
def test_the_tightest_limit_of_a_cgroup_counts(tmp_path, listing, files, limit):
    assert cgroup_limit(*tree(tmp_path, listing, files)) == limit


def test_without_cgroups_there_is_no_limit(tmp_path):
    assert cgroup_limit(tmp_path / "none", tmp_path) == math.inf
    assert cgroup_limit(tmp_path, tmp_path) == math.inf  # a folder is no listing


@pytest.mark.parametrize(
    ("limit", "cores"), [(math.inf, 3), (8.0, 3), (3.0, 3), (1.5, 2), (1.0, 1), (0.5, 1)]
)
def test_a_part_of_a_core_counts_as_one(monkeypatch, limit, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 5, 7}, raising=False)
    monkeypatch.setattr(threads, "cgroup_limit", lambda listing, root: limit)
    assert available_cores() == cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_affinity_counts():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_one_thread_is_for_this_thread_and_for_a_while(four):
    with one_thread():
        assert torch.get_num_threads() == 1
        assert in_new_thread(torch.get_num_threads) == 4
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 4
    assert in_new_thread(torch.get_num_threads) == 4


def test_settings_come_back_after_an_error(four):
    @one_thread()
    def fail():
        raise ValueError(torch.get_num_threads())

    with pytest.raises(ValueError, match=r"^1$"):
        fail()
    assert torch.get_num_threads() == 4
    assert in_new_thread(torch.get_num_threads) == 4


def test_threads_that_overlap_leave_each_others_settings(four):
    """The first to enter leaves first, while the other is inside."""
    inside, left = threading.Barrier(2), threading.Event()

    def work():
        torch.get_num_threads()  # the first use of PyTorch would set it once more
        torch.set_num_threads(3)
        with one_thread():
            inside.wait()
            left.wait()
            within = torch.get_num_threads()
        return within, torch.get_num_threads()

    with ThreadPoolExecutor(1) as pool:
        with one_thread():
            found = pool.submit(work)
            inside.wait()
        assert torch.get_num_threads() == 4
        left.set()
        assert found.result() == (1, 3)
    assert torch.get_num_threads() == 4
    assert in_new_thread(torch.get_num_threads) == 3  # the latest that somebody asked for


def test_many_threads_at_once(four):
    def work(number):
        torch.set_num_threads(4)
        found = []
        for _ in range(20):
            with one_thread():
                found.append(torch.get_num_threads())
            found.append(torch.get_num_threads())
        return found

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [[1, 4] * 20] * 4
    assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == 4


@pytest.mark.parametrize("count", [2, 3])
def test_each_thread_of_a_pool_has_one(four, count):
    pool, together = Pool(count), threading.Barrier(count)

    def work(item):
        together.wait()  # so that each thread has one item
        return item, torch.get_num_threads(), threading.get_ident()

    items, numbers, idents = zip(*pool.map(work, range(count)), strict=True)
    pool.close()
    assert (items, set(numbers), len(set(idents))) == (tuple(range(count)), {1}, count)
    assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == 4


def test_a_pool_of_one_works_in_the_caller():
    assert list(Pool(1).map(lambda item: threading.get_ident() + item, [0])) == [
        threading.get_ident()
    ]
