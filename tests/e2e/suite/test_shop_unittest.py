"""The same for unittest: three tests leak, five do not."""
import unittest

import shop


class Orders(unittest.TestCase):
    kept = []

    @classmethod
    def setUpClass(cls):
        cls.sessions = {}

    def setUp(self):
        self.order = shop.Order([1])

    def test_order(self):
        for _ in range(4):
            shop.order(3)

    def test_pay(self):
        shop.events.on_paid(self.order)

    def test_session(self):
        self.sessions[object()] = self.order

    def test_cancel(self):
        made = shop.order(3)
        self.addCleanup(shop.cancel, made)

    def test_page(self):
        shop.Page.get("start")

    def test_own_state(self):
        self.assertFalse(hasattr(self, "state"), "every run has an instance of its own")
        self.state = shop.Order([])

    def test_parts(self):
        for count in range(3):
            with self.subTest(count=count):
                self.kept[:] = [shop.Order(range(count))]


class Waiting(unittest.IsolatedAsyncioTestCase):
    async def test_waiting(self):
        self.assertTrue(shop.Page)
