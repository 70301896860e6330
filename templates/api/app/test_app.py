"""Run with: python3 -m unittest -v"""

import unittest

from app import answer


class Answers(unittest.TestCase):
    def test_greets_by_name(self):
        status, value = answer("/api/hello", {"name": ["Mina"]})
        self.assertEqual(status, 200)
        self.assertIn("Mina", value["message"])

    def test_greets_the_world_without_a_name(self):
        self.assertIn("world", answer("/api/hello", {})[1]["message"])

    def test_says_where_nothing_is(self):
        self.assertEqual(answer("/api/other", {})[0], 404)


if __name__ == "__main__":
    unittest.main()
