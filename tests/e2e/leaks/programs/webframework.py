"""A small web framework with middlewares, sessions and caches. The metrics middleware keeps a timing sample with its request
for every path, and paths hold ids."""
HOLDER = r"shop\.app\.middlewares\[\d+\]\.by_path|list\(shop\.app\.middlewares.*by_path|shop\.app\.middlewares.*by_path"
TYPE = r"shop\.(Sample|Request)|list"
import collections
import re
import time


class Headers(dict):
    def get_all(self, name):
        return [value for key, value in self.items() if key.lower() == name.lower()]


class Request:
    def __init__(self, method, path, headers=None, body=b""):
        self.method, self.path, self.body = method, path, body
        self.headers = Headers(headers or {})
        self.context = {}

    @property
    def cookies(self):
        return dict(part.split("=", 1) for part in self.headers.get("Cookie", "").split("; ") if "=" in part)


class Response:
    def __init__(self, body, status=200):
        self.body, self.status, self.headers = body, status, Headers()


class Middleware:
    def before(self, request):
        pass

    def after(self, request, response):
        return response


class SessionMiddleware(Middleware):
    """Sessions expire: never more than 100."""

    def __init__(self):
        self.sessions = collections.OrderedDict()

    def before(self, request):
        key = request.cookies.get("sid", "anonymous")
        self.sessions[key] = request.context["session"] = self.sessions.pop(key, {"key": key, "seen": 0})
        request.context["session"]["seen"] += 1
        while len(self.sessions) > 100:
            self.sessions.popitem(last=False)


class Sample:
    __slots__ = ("started", "ended", "request")

    def __init__(self, request):
        self.started, self.ended, self.request = time.perf_counter(), None, request


class MetricsMiddleware(Middleware):
    def __init__(self):
        self.by_path = collections.defaultdict(list)
        self.total = 0

    def before(self, request):
        request.context["sample"] = Sample(request)

    def after(self, request, response):
        sample = request.context.pop("sample")
        sample.ended = time.perf_counter()
        self.by_path[request.path].append(sample)
        self.total += 1
        return response


class PageCache(Middleware):
    def __init__(self, size):
        self.size, self.pages = size, collections.OrderedDict()

    def before(self, request):
        return self.pages.get(request.path)

    def after(self, request, response):
        self.pages[request.path] = response
        if len(self.pages) > self.size:
            self.pages.popitem(last=False)
        return response


class App:
    def __init__(self, middlewares):
        self.middlewares, self.routes = middlewares, []
        self.access_log = collections.deque(maxlen=200)

    def route(self, pattern):
        def add(function):
            self.routes.append((re.compile(pattern), function))
            return function
        return add

    def handle(self, request):
        for middleware in self.middlewares:
            middleware.before(request)
        response = Response("not found", 404)
        for pattern, function in self.routes:
            match = pattern.fullmatch(request.path)
            if match:
                response = function(request, **match.groupdict())
                break
        for middleware in reversed(self.middlewares):
            response = middleware.after(request, response)
        self.access_log.append("%s %s %d" % (request.method, request.path, response.status))
        return response


app = App([SessionMiddleware(), MetricsMiddleware(), PageCache(30)])


@app.route("/")
def index(request):
    return Response("<h1>shop</h1>")


@app.route(r"/item/(?P<number>\d+)")
def item(request, number):
    return Response("<h1>item %s</h1>" % number + "<p>text</p>" * (int(number) % 7))


def rep(n):
    for i in range(60):
        app.handle(Request("GET", "/", {"Cookie": "sid=%d" % (i % 40)}))
        app.handle(Request("GET", "/item/%d" % (n * 60 + i), {"Cookie": "sid=%d" % (i % 40), "Accept": "text/html"}))
