"""Django in the middle of a request: middleware, a view, models over SQLite in memory, a template, a signal, a cache.

Django is pure Python, so that Debian's serves the other CPythons too, as far as it goes with their libraries.
"""
import email.message
import sys
import types


def parse_header(line):
    """What Django 3.2 takes of the module cgi, which 3.13 no longer has."""
    message = email.message.Message()
    message["content-type"] = line
    return message.get_content_type(), dict(message.get_params([])[1:])


if sys.version_info >= (3, 13):
    sys.modules["cgi"] = types.ModuleType("cgi")
    sys.modules["cgi"].parse_header = parse_header
sys.path.append("/usr/lib/python3/dist-packages")
try:
    import django
    from django.apps import AppConfig
    from django.conf import settings
    from django.core.cache import cache
    from django.db import connection, models
    from django.db.models.signals import post_save
    from django.http import HttpResponse
    from django.template import Context, Engine
    from django.test import Client
    from django.urls import path
except ImportError as error:
    print("Django cannot be imported here: %s" % error)
    sys.exit(77)

import oracle_twin


class App(AppConfig):
    name, label, path = "__main__", "app", "."


settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__", SECRET_KEY="none", USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "__main__.App"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField")
django.setup()


class Author(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "app"


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, related_name="books", on_delete=models.CASCADE)

    class Meta:
        app_label = "app"


saved = []
post_save.connect(lambda instance, **_: saved.append(instance), sender=Book, weak=False)
template = Engine().from_string("{% for book in books %}{{ book.title|upper }} by {{ book.author.name }}; {% endfor %}")


def view(request):
    books = Book.objects.filter(author__name__contains="1").select_related("author")
    pending = Book.objects.exclude(title="").order_by("-title")  # never evaluated
    request.session["seen"] = [book.pk for book in books]
    page = template.render(Context({"books": books}))
    cache.set("page", page)
    oracle_twin.take()
    return HttpResponse("%s %d" % (page, pending.count()))


urlpatterns = [path("books/<int:shelf>/", lambda request, shelf: view(request)), path("all/", view, name="all")]

with connection.schema_editor() as editor:
    editor.create_model(Author)
    editor.create_model(Book)
for i in range(30):
    author = Author.objects.create(name="author %d" % i)
    for k in range(3):
        Book.objects.create(title="book %d.%d" % (i, k), author=author)
answer = Client().get("/books/7/")
assert answer.status_code == 200 and b"BOOK 1.0 by author 1" in answer.content and len(saved) == 90
