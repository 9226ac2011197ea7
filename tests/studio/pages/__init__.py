"""The studio's pages in a real browser, with a small server of made-up takes."""
