"""Answers requests from the current site."""
from webapp.site import get_site

_recent_requests = []  # bounded: the last hundred, whatever happens


class Request:
    def __init__(self, path):
        self.path, self.site = path, None


def publish(path):
    request = Request(path)
    _recent_requests.append(request.path)
    del _recent_requests[:-100]
    root = get_site().root
    name = path.strip("/")
    if not name:
        return 200, "\n".join(sorted(root.items))
    document = root.items.get(name)
    return (200, document.body) if document else (404, "not found")
