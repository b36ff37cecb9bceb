"""A crawler over an imaginary site. Pages are parsed to nodes and dropped; a link extracted from a page remembers the element
it was found in, and with it the whole page, in the set of links done."""
HOLDER = r"shop\.crawler\.frontier\.done"
TYPE = r"shop\.(Link|Element|Page)"
import collections
import hashlib
import html.parser
import urllib.parse


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children, self.text = tag, attributes, parent, [], ""


class Page(html.parser.HTMLParser):
    def __init__(self, url, text):
        super().__init__()
        self.url = url
        self.root = self.at = Element("document", {}, None)
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        element = Element(tag, dict(attributes), self.at)
        self.at.children.append(element)
        self.at = element

    def handle_endtag(self, tag):
        if self.at.parent is not None:
            self.at = self.at.parent

    def handle_data(self, data):
        self.at.text += data

    def find(self, tag):
        todo = collections.deque([self.root])
        while todo:
            element = todo.popleft()
            if element.tag == tag:
                yield element
            todo.extend(element.children)


class Link:
    def __init__(self, page, element):
        self.url = urllib.parse.urljoin(page.url, element.attributes.get("href", ""))
        self.element = element

    def __hash__(self):
        return hash(self.url)

    def __eq__(self, other):
        return self.url == other.url


class Frontier:
    def __init__(self):
        self.waiting, self.done, self.failures = collections.deque(), set(), collections.Counter()

    def add(self, link):
        if link not in self.done:
            self.waiting.append(link)

    def next(self):
        link = self.waiting.popleft()
        self.done.add(link)
        return link


class Site:
    """Answers with pages that link to the next ones."""

    def get(self, url):
        number = int(urllib.parse.urlparse(url).path.strip("/") or 0)
        links = "".join('<li><a href="/%d">page %d</a></li>' % (n, n) for n in range(number + 1, number + 4))
        return "<html><body><h1>%d</h1><ul>%s</ul><p>%s</p></body></html>" % (number, links, "word " * 40)


class Crawler:
    def __init__(self, site):
        self.site, self.frontier, self.digests = site, Frontier(), collections.deque(maxlen=50)
        self.statistics = {"pages": 0, "bytes": 0}

    def visit(self, link):
        text = self.site.get(link.url)
        page = Page(link.url, text)
        self.digests.append(hashlib.sha1(text.encode()).hexdigest())
        self.statistics["pages"] += 1
        self.statistics["bytes"] += len(text)
        for element in page.find("a"):
            self.frontier.add(Link(page, element))

    def run(self, pages):
        for _ in range(pages):
            link = self.frontier.next()
            self.visit(link)
            while len(self.frontier.waiting) > 20:
                self.frontier.waiting.popleft()


crawler = Crawler(Site())
start = Page("http://site.example/", '<a href="/0">start</a>')
crawler.frontier.add(Link(start, next(start.find("a"))))


def rep(n):
    crawler.run(40)
