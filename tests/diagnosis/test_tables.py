"""Bounded tables say the same as unbounded ones, as long as there is room, and never more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handover.diagnosis.tables import _BUCKETS, HashSet, Split, Tally

points = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["arrived", "unit", "inside"])), max_size=40)


@given(st.lists(st.sampled_from([b"", b"a", b"A", b"a/b", b"\xff"]), max_size=20), st.integers(0, 20))
def test_a_set_knows_its_members_and_those_that_came_twice(items, alone):
    found = HashSet()
    for item in items[:alone]:
        found.add(item)
    found.update(items[alone:])
    twice = found.repeated()
    for item in (b"", b"a", b"A", b"a/b", b"\xff", b"never"):
        assert (item in found) == (item in items)
        assert (item in twice) == (items.count(item) > 1)


def test_a_set_of_many_runs_is_in_order():
    items = [b"%d" % (n % 150_000) for n in range(200_000)]
    found = HashSet()
    found.update(items)
    twice = found.repeated()
    assert len(twice) == 50_000
    assert all(item in found for item in items[::1000])
    assert all((item in twice) == (n < 50_000) for n, item in enumerate(items[:150_000]) if n % 1000 == 0)
    assert b"never" not in found


@given(points)
def test_a_threshold_counts_what_is_on_either_side(found):
    split = Split()
    for value, kind in found:
        if kind == "arrived":
            split.add_arrived([value])
        else:
            split.add_lost(value, unit=kind == "unit")
    told = split.threshold()
    units = [value for value, kind in found if kind == "unit"]
    arrived = [value for value, kind in found if kind == "arrived"]
    if told is None:
        assert all(sum(u >= at for u in units) <= 10 * sum(a >= at for a in arrived) for at in units)
        return
    assert told.value in units
    assert told.units_above == sum(value >= told.value for value in units)
    assert told.arrived_above == sum(value >= told.value for value in arrived)
    assert told.units_below == len(units) - told.units_above
    assert told.arrived_below == len(arrived) - told.arrived_above
    assert told.lost_above + told.lost_below == len(found) - len(arrived)
    assert told.largest_below == max((value for value in arrived if value < told.value), default=0)


def test_more_values_than_buckets_are_still_parted_where_they_part():
    split = Split()
    split.add_arrived(n * 10**12 + 7 for n in range(_BUCKETS * 3))
    border = (_BUCKETS * 3 + 100) * 10**12
    for n in range(50):
        split.add_lost(border + n * 10**12, unit=True)
    told = split.threshold()
    assert told is not None
    assert told.units_above == 50
    assert told.arrived_above <= 2
    assert len(split._arrived) <= _BUCKETS


def test_names_that_found_no_room_are_counted_on_neither_side():
    tally = Tally()
    for n in range(20_000):
        for _ in range(2):
            if count := tally.of(b"%d" % n):
                count.lost += 1
    assert {count.lost for _, count in tally.items()} == {2}
    assert len(list(tally.items())) < 20_000
