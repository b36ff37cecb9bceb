"""Three tests that leak (each somewhere else) and five that do not, with fixtures of every scope."""
import pytest

import shop


@pytest.fixture(scope="session")
def sessions():
    return {}


@pytest.fixture(scope="module")
def scratch():
    return []


@pytest.fixture(scope="class")
def limits():
    return {"orders": 10}


@pytest.fixture
def orders():
    made = [shop.order(3) for _ in range(4)]
    yield made


@pytest.fixture
def cancelled():
    made = [shop.order(3) for _ in range(4)]
    yield made
    for order in made:
        shop.cancel(order)


def test_order(orders):
    print("four orders that nobody cancels")
    assert len(orders) == 4


class TestPay:
    def test_pay(self, limits):
        shop.events.on_paid(shop.Order([1]))
        assert limits

    def test_own_state(self):
        self.orders = getattr(self, "orders", []) + [shop.Order([2])]
        assert len(self.orders) == 1, "every run has an instance of its own"


def test_session(sessions):
    sessions[object()] = shop.Order([])


def test_cancel(cancelled, record_property):
    record_property("orders", len(cancelled))


def test_page():
    assert shop.Page.get("start") is shop.Page.get("start")


@pytest.mark.parametrize("name", ["a", "b/c d"])
def test_scratch(name, scratch, tmp_path):
    (tmp_path / "order").write_text(name)
    scratch[:] = [shop.Order(name)]
