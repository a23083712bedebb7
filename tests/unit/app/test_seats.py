"""Process tasks are leased as far as there are children for them, without shutting other tasks out."""

import pytest

from asynctasq.app.seats import Seats
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message

SLOTS = 10


class Office:
    """Seats whose clock stands still until it is told otherwise."""

    def __init__(self, count):
        self.now = 100.0
        self.numbers = iter(range(1_000_000))
        self.seats = Seats(count, SLOTS, in_child=lambda task: task == "in a child", clock=lambda: self.now)

    def plan(self, *queues):
        return self.seats.plan(queues or ("q",), SLOTS, 5.0)

    def admit(self, *batch, limit=None):
        """Each of the batch is a queue with its tasks: `q` holds process tasks, `q!` others."""
        leases = [self._lease(each.rstrip("!"), others=each.endswith("!")) for each in batch]
        return self.seats.admit(leases, len(leases) if limit is None else limit)

    def _lease(self, queue, *, others):
        id = str(next(self.numbers))
        return Lease(Message(id, queue, task="other" if others else "in a child", body=b""), id, attempt=1)


def test_nothing_is_held_back_before_the_first_process_task():
    office = Office(2)
    office.admit("q!", "q!", limit=10)

    assert (office.plan().queues, office.plan().limit, office.plan().wait) == (("q",), SLOTS, 5.0)


def test_process_tasks_beyond_the_seats_go_back_and_others_do_not():
    office = Office(2)

    admitted = office.admit("q", "q", "q", "q!")

    assert [lease.token for lease in admitted.leases] == ["0", "1", "3"]
    assert admitted.seated == {"0", "1"}
    assert [lease.token for lease in admitted.refused] == ["2"]


def test_after_a_task_went_back_no_more_are_asked_for_than_there_are_seats():
    office = Office(2)
    office.admit("q", "q", "q")
    office.seats.give_back()
    one = office.plan().limit
    office.seats.give_back()

    assert (one, office.plan().limit) == (1, 2)


def test_as_long_as_every_task_takes_a_seat_no_more_are_asked_for():
    office = Office(1)
    office.admit("q", "q")
    for _ in range(5):
        office.seats.give_back()
        office.admit("q", limit=1)
    office.seats.give_back()

    assert office.plan().limit == 1


def test_other_tasks_let_the_limit_double():
    office = Office(1)
    office.admit("q", "q")
    office.seats.give_back()
    limits = [office.plan().limit]
    for _ in range(5):
        office.admit("other!", limit=1)
        limits.append(office.plan().limit)

    assert limits == [1, 2, 3, 5, 9, 10]


def test_a_queue_that_runs_dry_lets_the_limit_double():
    office = Office(1)
    office.admit("q", "q")
    office.seats.give_back()
    office.admit(limit=1)

    assert office.plan().limit == 2


def test_a_queue_of_process_tasks_rests_while_every_seat_is_taken():
    office = Office(1)
    office.admit("q")

    plan = office.plan("q", "other")

    assert (plan.queues, plan.limit, plan.leaves_out) == (["other"], SLOTS, True)
    assert plan.wait == pytest.approx(0.05)


def test_a_queue_that_rests_is_looked_at_ever_more_seldom_and_once_a_second_at_least():
    office = Office(1)
    office.admit("q")
    rests = []
    for _ in range(7):
        rests.append(office.plan().wait)
        office.now += rests[-1]
        assert office.plan().queues == ["q"]
        office.admit("q")

    assert rests == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0])


def test_a_queue_that_was_looked_at_in_vain_rests_as_long_when_the_seats_fill_again():
    office = Office(1)
    office.admit("q")
    office.now += 0.05
    office.admit("q")
    office.seats.give_back()
    office.admit("q", limit=1)

    assert office.plan().wait == pytest.approx(0.1)


def test_a_queue_in_which_other_tasks_were_found_rests_briefly_again():
    office = Office(1)
    office.admit("q")
    for _ in range(3):
        office.now += 1.0
        office.admit("q")
    office.now += 1.0
    office.admit("q", "q!")
    office.seats.give_back()
    office.admit("q", limit=1)

    assert office.plan().wait == pytest.approx(0.05)


def test_a_free_seat_wakes_every_queue():
    office = Office(1)
    office.admit("q")
    office.seats.give_back()

    plan = office.plan("q", "other")

    assert (plan.queues, plan.wait, plan.leaves_out) == (("q", "other"), 5.0, False)


def test_a_queue_with_as_many_other_tasks_does_not_rest():
    office = Office(1)
    office.admit("q")
    office.now += 0.05
    office.admit("q", "q!")

    assert office.plan().queues == ["q"]


def test_a_queue_that_turned_out_to_hold_other_tasks_does_not_rest_when_the_seats_fill_again():
    office = Office(1)
    office.admit("q")
    office.now += 0.05
    office.admit("q!", limit=SLOTS)
    office.seats.give_back()
    office.admit("p")

    assert office.plan("q", "p").queues == ["q"]


def test_what_comes_from_one_queue_says_nothing_of_another():
    office = Office(1)
    office.admit("q")
    office.now += 0.05
    office.admit("other!", "other!", limit=SLOTS)
    office.admit("q")

    assert office.plan("q", "other").queues == ["other"]
