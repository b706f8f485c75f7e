"""A strict reader of pages, and texts that would like to become markup."""

from html.parser import HTMLParser

HOSTILE = (
    "</title></textarea></svg><script>alert(1)</script>",
    "\"' onfocus=alert(1) autofocus x='\"",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "\u202eevil\u200b\x00\x1b[31m\ud800",
    "&lt;b&gt; &amp;",
    "]]><!-- <!doctype html>",
)


class Reader(HTMLParser):
    """Reads a page as a browser does: elements in their nesting, and the text between them."""

    VOID = frozenset({"meta", "link", "input", "br", "hr"})

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.shape, self.text, self.values = [], [], [], []

    def handle_starttag(self, name, attributes):
        self.shape.append((name, tuple(key for key, _ in attributes)))
        self.values += [value for _, value in attributes if value is not None]
        if name not in self.VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader
